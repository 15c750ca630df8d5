import type Docker from 'dockerode';
import { withDeadline } from '../../time/deadline.ts';
import { LIMITS } from '../limits.ts';
import { KEPT_LOG } from './kept-log.ts';

export interface ServerOptions {
  readonly image: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Id of the container whose network namespace it runs in. */
  readonly namespaceOf: string;
  readonly command: readonly string[];
}

/** A Toxiproxy in a namespace that is there already. Returns its container's id. */
export async function startServer(docker: Docker, options: ServerOptions): Promise<string> {
  const container = await docker.createContainer({
    name: options.name,
    Image: options.image,
    Cmd: [...options.command],
    Labels: { ...options.labels },
    // Toxiproxy logs each connection otherwise, and a storm opens hundreds a second.
    Env: ['LOG_LEVEL=error'],
    HostConfig: {
      NetworkMode: `container:${options.namespaceOf}`,
      CapDrop: ['ALL'],
      SecurityOpt: ['no-new-privileges'],
      LogConfig: KEPT_LOG,
    },
  });
  await container.start();
  return container.id;
}

/** Kills it and starts it empty, in the same namespace and at the same address. */
export async function restartServer(docker: Docker, id: string): Promise<void> {
  const container = docker.getContainer(id);
  await withDeadline(container.restart({ t: 0 }), LIMITS.readyMs, 'a Toxiproxy in the place of one that is wedged');
}
