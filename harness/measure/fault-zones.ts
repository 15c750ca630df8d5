import type { Plan, PlanFault } from '../scenario/plan.ts';

/**
 * Zones that a fault is aimed at, in the plan's order: its own, and those of its routers, of its containers, and of the
 * routers that its links go through. The region is none.
 */
export function faultZones(plan: Plan, faults: readonly PlanFault[]): readonly string[] {
  const zoneOf = new Map([...plan.routers, ...plan.containers].map(({ id, zone }) => [id, zone]));
  const routerOf = new Map(plan.links.map(({ id, router }) => [id, router]));
  const aimedAt = new Set(
    faults.flatMap(({ targets: { zone, routers, links, containers } }) => {
      const ids = [...routers, ...containers, ...links.flatMap((link) => routerOf.get(link) ?? [])];
      return [zone, ...ids.map((id) => zoneOf.get(id))];
    }),
  );
  return plan.zones.map(({ id }) => id).filter((id) => aimedAt.has(id));
}
