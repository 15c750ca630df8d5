import { containerConfigOf } from '../scenario/container-config-of.ts';
import type { Plan, PlanContainer } from '../scenario/plan.ts';

/** Environment of a fixtures' program: its part of the plan, and nothing that tells of faults. */
export function programEnvironment(plan: Plan, container: PlanContainer): Record<string, string> {
  const [disk] = container.disks;
  return {
    ZONESTORM_CONFIG: JSON.stringify(containerConfigOf(plan, container.id)),
    ...(disk === undefined ? {} : { ZONESTORM_DATA: disk }),
  };
}
