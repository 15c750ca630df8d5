import type Docker from 'dockerode';
import type { Plan } from '../../scenario/plan.ts';
import { KEPT_LOG } from './kept-log.ts';

/** Where the keeper has a container's disk. */
export const keptFolder = (id: string): string => `/disks/${id}`;

/** Sizes of the disks that a fault of the plan fills, bytes by container. Of two faults, the smaller. */
export function limitedDisks(plan: Plan): ReadonlyMap<string, number> {
  const sizes = new Map<string, number>();
  for (const { limitsDiskTo, targets } of plan.phases.flatMap((phase) => phase.faults)) {
    if (limitsDiskTo === null) continue;
    for (const id of targets.containers) sizes.set(id, Math.min(limitsDiskTo, sizes.get(id) ?? limitsDiskTo));
  }
  return sizes;
}

/** The engine's options for a volume of limited size: a file system in memory, gone with the volume. */
export function limitedVolume(bytes: number): { Driver: string; DriverOpts: Record<string, string> } {
  return { Driver: 'local', DriverOpts: { type: 'tmpfs', device: 'tmpfs', o: `size=${bytes}` } };
}

/**
 * Keeps limited disks mounted for the whole run: the engine unmounts a volume when the last container that uses it
 * stops, and what is in memory would be gone with a node that is killed. Returns its id.
 */
export async function startKeeper(
  docker: Docker,
  options: {
    readonly image: string;
    readonly name: string;
    readonly labels: Readonly<Record<string, string>>;
    /** Volume by container. */
    readonly disks: ReadonlyMap<string, string>;
  },
): Promise<string> {
  const container = await docker.createContainer({
    name: options.name,
    Image: options.image,
    Cmd: ['sleep', 'infinity'],
    Labels: { ...options.labels },
    StopSignal: 'SIGKILL',
    HostConfig: {
      NetworkMode: 'none',
      CapDrop: ['ALL'],
      SecurityOpt: ['no-new-privileges'],
      LogConfig: KEPT_LOG,
      Binds: [...options.disks].map(([id, volume]) => `${volume}:${keptFolder(id)}`),
    },
  });
  await container.start();
  return container.id;
}
