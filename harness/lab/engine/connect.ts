import { stat } from 'node:fs/promises';
import { userInfo } from 'node:os';
import Docker from 'dockerode';
import { DeadlineError, withDeadline } from '../../time/deadline.ts';
import { EnvironmentError } from '../environment-error.ts';
import { LIMITS } from '../limits.ts';
import { boundCalls } from './bounded-calls.ts';

const DEFAULT_SOCKET = '/var/run/docker.sock';
const SCHEME = 'unix://';

/** What an empty socket or none says: no engine is there, which can be helped by starting one. */
const NOBODY = new Set(['ENOENT', 'ENOTDIR', 'ECONNREFUSED']);
const FORBIDDEN = new Set(['EACCES', 'EPERM']);

/** `DOCKER_HOST`, as docker reads it: empty is as good as unset. */
export const askedHost = (environment: NodeJS.ProcessEnv = process.env): string | null =>
  environment.DOCKER_HOST || null;

/**
 * Path of the socket that the engine is asked over.
 *
 * Only a local engine is used: the clock of the containers must be the harness's, and links are published on
 * 127.0.0.1. A remote `DOCKER_HOST` is an {@link EnvironmentError}, because its numbers would be wrong.
 */
export function engineSocket(environment: NodeJS.ProcessEnv = process.env): string {
  const host = askedHost(environment);
  if (host === null) return DEFAULT_SOCKET;
  if (host.startsWith(SCHEME)) return host.slice(SCHEME.length);
  throw new EnvironmentError(
    `DOCKER_HOST is ${host}, a remote engine`,
    'Unset DOCKER_HOST or point it to a local unix:// socket: measurements need containers on this machine.',
  );
}

/** The same as `DOCKER_HOST` would name it. */
export const engineAddress = (): string => `${SCHEME}${engineSocket()}`;

/**
 * A client of the local Docker engine, or `null` when nobody listens at its socket.
 *
 * @throws EnvironmentError when somebody does and this process may not ask, or gets no sound answer: another engine
 *   beside that one is no help
 */
export async function connectEngine(): Promise<Docker | null> {
  const socketPath = engineSocket();
  const docker = new Docker({ socketPath });
  boundCalls(docker);
  try {
    // Its folder may be closed to this user, which the client would tell as a socket that is not there.
    await stat(socketPath);
    await withDeadline(docker.ping(), LIMITS.enginePingMs, "the engine's answer to a ping");
    return docker;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== undefined && NOBODY.has(code)) return null;
    if (code !== undefined && FORBIDDEN.has(code)) throw forbidden(socketPath, error as Error);
    const what = error instanceof DeadlineError ? 'accepts connections and does not answer' : `failed: ${message}`;
    throw new EnvironmentError(
      `the Docker engine at ${socketPath} ${what}`,
      'Read its log, restart it, and run the command again.',
      { cause: error },
    );
  }
}

function forbidden(socketPath: string, cause: Error): EnvironmentError {
  const user = username();
  return new EnvironmentError(
    `the user ${user} has no permission for the Docker engine’s socket ${socketPath}`,
    `An engine may well be running. Add the user to the socket’s group (mostly \`sudo usermod -aG docker ${user}\`, which ` +
      'is as good as giving root), log in again, and run the command again.',
    { cause },
  );
}

/** A process may run as a user that no database of users knows. */
function username(): string {
  try {
    return userInfo().username;
  } catch {
    return `with the id ${process.getuid?.()}`;
  }
}
