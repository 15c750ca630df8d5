import { containerConfigOf } from '../scenario/container-config-of.ts';
import type { Plan, PlanContainer } from '../scenario/plan.ts';

/**
 * Where writers keep their ledgers: in the container's own file system, which outlives the program when it is killed and
 * the container is started again.
 */
const LEDGER_FOLDER = '/var/lib/zonestorm/ledger';

/** Environment of a fixtures' program: its part of the plan, and nothing that tells of faults. */
export function programEnvironment(plan: Plan, container: PlanContainer): Record<string, string> {
  const [disk] = container.disks;
  return {
    ZONESTORM_CONFIG: JSON.stringify(containerConfigOf(plan, container.id)),
    ZONESTORM_LEDGER: LEDGER_FOLDER,
    ...(disk === undefined ? {} : { ZONESTORM_DATA: disk }),
  };
}
