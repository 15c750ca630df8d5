import type { Router } from '../fabric/router.ts';
import type { Plan, PlanFault } from '../scenario/plan.ts';

/** What a fault may touch. Nothing here knows what the storage will make of it. */
export interface FaultTarget {
  readonly plan: Plan;
  router(id: string): Router;
  killContainer(id: string): Promise<void>;
  startContainer(id: string): Promise<void>;
  isRunning(id: string): Promise<boolean>;
}

type OfKind<K extends PlanFault['kind']> = Extract<PlanFault, { kind: K }>;

/**
 * One kind of fault. `revert` is idempotent and is registered before `apply` is called, so that a fault that was
 * applied by half is put back too. `isInForce` reads the state back; it never repeats what was set.
 */
export interface FaultKind<K extends PlanFault['kind'] = PlanFault['kind']> {
  readonly kind: K;
  readonly summary: string;
  describe(fault: OfKind<K>): string;
  apply(fault: OfKind<K>, target: FaultTarget): Promise<void>;
  revert(fault: OfKind<K>, target: FaultTarget): Promise<void>;
  /** How much of the fault is in force: 0 none of its parts, 1 all. */
  probe(fault: OfKind<K>, target: FaultTarget): Promise<number>;
}
