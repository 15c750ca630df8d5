import type Docker from 'dockerode';

/**
 * How the engine keeps what a container prints, whatever its default is: all measurements are read from these logs while
 * they are written. An engine may be set to keep none, to send each line to a company's service, to drop lines when they
 * come fast (`non-blocking`), or to begin a log anew after so many bytes, which ends for whoever follows it.
 *
 * A run prints some 10 MB in all. Engines take no word for "without a limit" (`-1` is refused), so it is one that nothing
 * comes to. Of the options of their own default, engines add those that are not named here; none of them changes a line.
 */
export const KEPT_LOG = {
  Type: 'json-file',
  Config: { mode: 'blocking', 'max-size': '1g' },
} as const satisfies Docker.HostConfig['LogConfig'];

/**
 * What to do where the engine makes no container that has its log kept so; `null`: that is not why. It adds the option of
 * its own default that goes with `non-blocking` alone, and then refuses the two together.
 */
export const remedyOfLog = ({ message }: Error): string | null =>
  message.includes('max-buffer-size')
    ? 'The engine’s own default for logs has max-buffer-size, which it cannot leave out: remove that from "log-opts" in ' +
      '/etc/docker/daemon.json, restart the engine, and run the command again.'
    : null;
