import type Docker from 'dockerode';

/** Something of ours on an engine. */
export interface Thing {
  readonly kind: 'container' | 'network' | 'volume';
  /** A volume's is its name. */
  readonly id: string;
  readonly name: string;
  /** Whether it is a container that runs, or is frozen: then faults may be in force in it, and it holds its networks. */
  readonly runs: boolean;
}

/** What the engine calls containers without processes: `dead` is one that it could not remove. */
const STOPPED = new Set(['created', 'exited', 'removing', 'dead']);

export async function containersOn(docker: Docker, label: readonly string[]): Promise<Thing[]> {
  const containers = await docker.listContainers({ all: true, filters: { label: [...label] } });
  return containers.map((one) => ({
    kind: 'container',
    id: one.Id,
    name: nameOf(one),
    runs: !STOPPED.has(one.State),
  }));
}

export async function networksOn(docker: Docker, label: readonly string[]): Promise<Thing[]> {
  const networks = await docker.listNetworks({ filters: { label: [...label] } });
  return networks.map(({ Id, Name }) => ({ kind: 'network', id: Id, name: Name, runs: false }));
}

export async function volumesOn(docker: Docker, label: readonly string[]): Promise<Thing[]> {
  const { Volumes } = await docker.listVolumes({ filters: { label: [...label] } });
  return (Volumes ?? []).map(({ Name }) => ({ kind: 'volume', id: Name, name: Name, runs: false }));
}

/** The engine's name of a container, without the slash that it puts before. */
export const nameOf = ({ Names: [name], Id }: Docker.ContainerInfo): string => name?.slice(1) ?? Id;

export function removeThing(docker: Docker, { kind, id }: Thing): Promise<unknown> {
  if (kind === 'container') return docker.getContainer(id).remove({ force: true, v: true });
  if (kind === 'network') return docker.getNetwork(id).remove();
  return docker.getVolume(id).remove({ force: true });
}
