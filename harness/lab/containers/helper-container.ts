import type Docker from 'dockerode';
import { KEPT_LOG } from './kept-log.ts';

export interface HelperOptions {
  readonly image: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** `host`, or `container:ID` to share that container's network namespace. */
  readonly networkMode: string;
}

/**
 * A container that does nothing by itself and stays, so that commands can be attached in it within milliseconds.
 * NET_ADMIN in one network namespace is all that it may do. Returns its id.
 */
export async function startHelper(docker: Docker, options: HelperOptions): Promise<string> {
  const container = await docker.createContainer({
    name: options.name,
    Image: options.image,
    Cmd: ['sleep', 'infinity'],
    Labels: { ...options.labels },
    StopSignal: 'SIGKILL',
    HostConfig: {
      NetworkMode: options.networkMode,
      CapDrop: ['ALL'],
      CapAdd: ['NET_ADMIN'],
      SecurityOpt: ['no-new-privileges'],
      LogConfig: KEPT_LOG,
    },
  });
  await container.start();
  return container.id;
}
