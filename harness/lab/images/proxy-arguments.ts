import { type DockerConfig, objectOf } from '../engine/docker-config.ts';

/** Upper case, as arguments of a build that no Dockerfile has to name, and the member of `docker`'s settings. */
const PROXIES = {
  HTTP_PROXY: 'httpProxy',
  HTTPS_PROXY: 'httpsProxy',
  NO_PROXY: 'noProxy',
  FTP_PROXY: 'ftpProxy',
  ALL_PROXY: 'allProxy',
} as const;

/**
 * The proxies of a build's RUN steps, as arguments that every Dockerfile has: they are not in the image that is built, and
 * not in what the cache goes by. The engine's own proxy is for its pulls alone. In upper and lower case, as programs read
 * one of them: `apt-get` the lower, others the upper.
 *
 * Each from the environment, or else from the settings of the `docker` command, as that does it: those for this engine
 * (`proxies["unix://…"]`), or `proxies.default`.
 *
 * @param host the engine, as `DOCKER_HOST` would name it
 */
export function proxyArguments(
  environment: NodeJS.ProcessEnv,
  config: DockerConfig,
  host: string,
): Readonly<Record<string, string>> {
  const proxies = objectOf(config.proxies);
  const settings = objectOf(host in proxies ? proxies[host] : proxies.default);
  return Object.fromEntries(
    Object.entries(PROXIES).flatMap(([upper, setting]) => {
      const lower = upper.toLowerCase();
      const set = settings[setting];
      const otherwise = typeof set === 'string' ? set : '';
      const pair = [
        [upper, environment[upper] || environment[lower] || otherwise],
        [lower, environment[lower] || environment[upper] || otherwise],
      ] as const;
      return pair.filter(([, value]) => value !== '');
    }),
  );
}
