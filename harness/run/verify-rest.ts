import type { FaultTarget } from '../fault/fault.ts';
import { CRASH_EXIT_CODE } from '../scenario/container-config.ts';

/**
 * In words, everything that differs from the lab as it was started: links, toxics, queues, routes and filters of every
 * router, and of every container whether it runs, is frozen, or is short of CPU. Read from where it is in force. A
 * storage node that crashed by its own race is left as it is: that is a result, and no fault left it behind.
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
    plan.containers.map(async ({ id, role }) => {
      const { running, paused, exitCode } = await containers.state(id);
      if (!running && (role === 'node' || role === 'spare') && exitCode === CRASH_EXIT_CODE) return [];
      if (!running) return [`${id} does not run`];
      if (paused) return [`${id} is frozen`];
      const limit = limited.has(id) ? await containers.cpuLimit(id) : null;
      return limit === null ? [] : [`${id} has ${limit} of a CPU`];
    }),
  );
  return [...routers, ...states].flat();
}
