import { existsSync } from 'node:fs';
import Docker from 'dockerode';
import { withDeadline } from '../../time/deadline.ts';
import { EnvironmentError } from '../environment-error.ts';
import { LIMITS } from '../limits.ts';

const SOCKET = '/var/run/docker.sock';

/**
 * A client of the local Docker engine, or `null` when none answers.
 *
 * Only a local engine is used: the clock of the containers must be the harness's, and links are published on
 * 127.0.0.1. A remote `DOCKER_HOST` is an {@link EnvironmentError}, because its numbers would be wrong.
 */
export async function connectEngine(): Promise<Docker | null> {
  const host = process.env.DOCKER_HOST;
  if (host !== undefined && !host.startsWith('unix://')) {
    throw new EnvironmentError(
      `DOCKER_HOST is ${host}, a remote engine`,
      'Unset DOCKER_HOST or point it to a local unix:// socket: measurements need containers on this machine.',
    );
  }
  const socketPath = host?.slice('unix://'.length) ?? SOCKET;
  if (!existsSync(socketPath)) return null;
  const docker = new Docker({ socketPath });
  try {
    await withDeadline(docker.ping(), LIMITS.enginePingMs, "the engine's answer to a ping");
    return docker;
  } catch {
    return null;
  }
}
