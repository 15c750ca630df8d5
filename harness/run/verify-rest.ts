import type { FaultTarget } from '../fault/fault.ts';

/**
 * In words, everything that differs from the lab as it was started: links, toxics, queues, routes and filters of every
 * router, and of every container whether it runs, is frozen, or is short of CPU. Read from where it is in force.
 */
export async function verifyRest(target: FaultTarget): Promise<string[]> {
  const { plan, containers } = target;
  const limited = new Set(
    plan.phases
      .flatMap(({ faults }) => faults)
      .filter(({ kind }) => kind === 'cpu')
      .flatMap(({ targets }) => targets.containers),
  );
  const routers = await Promise.all(plan.routers.map(({ id }) => target.router(id).verify()));
  const states = await Promise.all(
    plan.containers.map(async ({ id }) => {
      const { running, paused } = await containers.state(id);
      if (!running) return [`${id} does not run`];
      if (paused) return [`${id} is frozen`];
      const limit = limited.has(id) ? await containers.cpuLimit(id) : null;
      return limit === null ? [] : [`${id} has ${limit} of a CPU`];
    }),
  );
  return [...routers, ...states].flat();
}
