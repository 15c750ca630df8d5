import type { Plan } from './plan.ts';

/**
 * What a plan's placement alone foretells for a misroute that its detector sees: a property of the plan, never a
 * measurement. D volumes lose a partner, F of them find a free slot at once, the others stay stuck at first.
 */
export interface StormPrediction {
  readonly zone: string;
  /** Volumes of the zone. */
  readonly V: number;
  /** Volumes with at least one replica on a misrouted node. */
  readonly D: number;
  /** Slots of the zone's nodes without a replica. */
  readonly F: number;
  /** (D − F) / V, and 0 when every degraded volume finds a slot. */
  readonly stuckShare: number;
  /** Shortest time to copy F volumes over the replication plane when nothing else is on it. */
  readonly copySecondsMin: number;
}

/** Slots of a zone's nodes that hold no replica when the run starts. */
export function freeSlots(plan: Pick<Plan, 'containers' | 'volumes' | 'storage'>, zone: string): number {
  const nodes = plan.containers.filter((container) => container.zone === zone && container.role === 'node');
  const volumes = plan.volumes.filter((volume) => volume.zone === zone);
  return nodes.length * plan.storage.slotsPerNode - 2 * volumes.length;
}

/** `null` when the plan misroutes nothing. With several misroutes, the first. */
export function predictStorm(
  plan: Pick<Plan, 'containers' | 'volumes' | 'storage' | 'phases' | 'routers'>,
): StormPrediction | null {
  const misroute = plan.phases.flatMap((phase) => phase.faults).find((fault) => fault.kind === 'misroute');
  if (misroute === undefined) return null;
  const { zone, containers: nodes } = misroute.targets;
  if (zone === null) return null;
  const volumes = plan.volumes.filter((volume) => volume.zone === zone);
  const degraded = volumes.filter((volume) => nodes.includes(volume.primary) || nodes.includes(volume.mirror));
  const [V, D, F] = [volumes.length, degraded.length, freeSlots(plan, zone)];
  const thin = plan.routers.find((router) => router.zone === zone && router.plane === 'replication');
  const bytes = Math.min(D, F) * plan.storage.volumeBytes;
  return {
    zone,
    V,
    D,
    F,
    stuckShare: V === 0 ? 0 : Math.max(0, D - F) / V,
    copySecondsMin: thin === undefined ? 0 : (bytes * 8) / (thin.capacityMbit * 1e6),
  };
}
