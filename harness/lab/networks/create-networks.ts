import type Docker from 'dockerode';
import type { Plan } from '../../scenario/plan.ts';
import { EnvironmentError } from '../environment-error.ts';
import { LABELS, labelsOf } from '../labels.ts';

/** Docker network names by the plan's network names: unique on the engine, since two runs may go on at once. */
export type NetworkNames = ReadonlyMap<string, string>;

export interface CreateNetworksOptions {
  readonly docker: Docker;
  readonly plan: Plan;
  readonly runId: string;
  /** Labels by which the reaper removes what a killed run leaves. */
  readonly sessionLabels: Readonly<Record<string, string>>;
}

/**
 * One internal network per zone and plane, and one ordinary network per router for its management, which is the
 * only way in from the host. Throws {@link SubnetTakenError} when another run holds the address block.
 */
export async function createNetworks(options: CreateNetworksOptions): Promise<NetworkNames> {
  const names = new Map<string, string>();
  const planes = options.plan.zones.flatMap((zone) =>
    zone.planes.map((plane) => ({
      name: plane.network,
      subnet: plane.subnet,
      internal: true,
      zone: zone.id,
      plane: plane.plane,
    })),
  );
  const managements = options.plan.routers.map((router) => ({
    name: router.management.network,
    subnet: router.management.subnet,
    internal: false,
    zone: router.zone,
    plane: 'management',
  }));
  for (const network of [...planes, ...managements]) {
    const name = `zonestorm-${options.runId}-${network.name}`;
    await createNetwork(options, name, network);
    names.set(network.name, name);
  }
  return names;
}

/** The subnet overlaps one of another network, most likely that of a run that has just started. */
export class SubnetTakenError extends Error {
  override readonly name = 'SubnetTakenError';
}

/** How the engine refuses a subnet that another network has. */
export const isOverlap = ({ message }: Error): boolean => /overlap/i.test(message);

async function createNetwork(
  options: CreateNetworksOptions,
  name: string,
  network: { name: string; subnet: string; internal: boolean; zone: string; plane: string },
): Promise<void> {
  try {
    await options.docker.createNetwork({
      Name: name,
      CheckDuplicate: true,
      Driver: 'bridge',
      Internal: network.internal,
      IPAM: { Driver: 'default', Config: [{ Subnet: network.subnet }] },
      Labels: {
        ...labelsOf(options.runId, {
          [LABELS.id]: network.name,
          [LABELS.zone]: network.zone,
          [LABELS.plane]: network.plane,
        }),
        ...options.sessionLabels,
      },
    });
  } catch (error) {
    const message = (error as Error).message;
    if (isOverlap(error as Error)) throw new SubnetTakenError(message);
    throw new EnvironmentError(`network ${name} could not be created: ${message}`, 'See `zonestorm doctor`.', {
      cause: error,
    });
  }
}
