import { askedHost, engineSocket } from './connect.ts';
import { type DockerConfig, dockerConfigFile, readDockerConfig } from './docker-config.ts';

/** An engine that somebody named, and that is not there. */
export interface NamedEngine {
  /** The end of a sentence: nobody answers `at DOCKER_HOST, which is …`. */
  readonly where: string;
  readonly remedy: string;
}

/** The context of `docker` that needs no name: the engine at the default socket. */
const DEFAULT_CONTEXT = 'default';

/**
 * Which engine somebody chose; `null`: none, so that one may be started. A second engine beside a chosen one would not
 * be the one that was asked for.
 *
 * To be asked when nobody answers at the socket that zonestorm uses. It does not use a context's: those that rootless
 * set-ups and Docker Desktop make name engines that are refused, so it only says which one it is.
 */
export function namedEngine(environment: NodeJS.ProcessEnv = process.env): NamedEngine | null {
  const host = askedHost(environment);
  if (host !== null) {
    return {
      where: `at DOCKER_HOST, which is ${host}`,
      remedy: 'Start that engine, or unset DOCKER_HOST to use the one at the default socket.',
    };
  }
  const context = currentContext(environment, readDockerConfig(environment));
  if (context === null) return null;
  const by = context.by === 'DOCKER_CONTEXT' ? context.by : dockerConfigFile(environment);
  return {
    where: `at ${engineSocket(environment)}, and \`docker\` asks another engine: its context is ${context.name}, by ${by}`,
    remedy:
      "Name that engine: export DOCKER_HOST=$(docker context inspect -f '{{.Endpoints.docker.Host}}'), and run the " +
      'command again. Or start the engine at the default socket, and use that: docker context use default.',
  };
}

interface Context {
  readonly name: string;
  readonly by: 'DOCKER_CONTEXT' | 'config';
}

/** The context that `docker` takes where `DOCKER_HOST` is unset, and who says so; `null`: the default one. */
export function currentContext(environment: NodeJS.ProcessEnv, config: DockerConfig): Context | null {
  const named = environment.DOCKER_CONTEXT || null;
  const set = typeof config.currentContext === 'string' ? config.currentContext : '';
  const name = named ?? set;
  if (name === '' || name === DEFAULT_CONTEXT) return null;
  return { name, by: named === null ? 'config' : 'DOCKER_CONTEXT' };
}
