import type Docker from 'dockerode';
import { engineAddress } from './connect.ts';

/** Which engine, so that another process can tell whether it asks the same one. */
export interface EngineIdentity {
  /** By the engine's own word, which it keeps over restarts. Empty where it has none. */
  readonly id: string;
  /** Its data folder. Docker 20.10 has its ID from /etc/docker, which engines with several such folders may share. */
  readonly root: string;
  /** Where it was asked, as `DOCKER_HOST` would name it. */
  readonly address: string;
}

export async function identityOf(docker: Docker): Promise<EngineIdentity> {
  const { ID, DockerRootDir }: { ID?: string; DockerRootDir?: string } = await docker.info();
  return { id: ID ?? '', root: DockerRootDir ?? '', address: engineAddress() };
}

/**
 * An engine, where it is another one than the one that is asked now; `null`: it is the same, or nobody can tell, as one
 * of them has no ID. The address does not decide: one engine may be asked over several sockets, and another one may take
 * its place at its socket.
 */
export function otherThan(here: EngineIdentity, engine: EngineIdentity | null): EngineIdentity | null {
  if (engine === null || engine.id === '' || here.id === '') return null;
  return engine.id === here.id && engine.root === here.root ? null : engine;
}
