import type { PlanFault } from '../scenario/plan.ts';
import { cut } from './cut.ts';
import type { FaultKind, FaultTarget } from './fault.ts';
import { kill } from './kill.ts';
import { misroute } from './misroute.ts';

/** Every kind of fault: a new one is one file and one line here. */
const KINDS: { readonly [K in PlanFault['kind']]: FaultKind<K> } = {
  misroute,
  cut,
  kill,
};

/** A fault of the plan with its kind's operations bound to it. */
export interface BoundFault {
  readonly plan: PlanFault;
  readonly description: string;
  apply(): Promise<void>;
  revert(): Promise<void>;
  probe(): Promise<number>;
}

export function bindFault(fault: PlanFault, target: FaultTarget): BoundFault {
  const bind = <K extends PlanFault['kind']>(kind: FaultKind<K>, one: Extract<PlanFault, { kind: K }>): BoundFault => ({
    plan: fault,
    description: kind.describe(one),
    apply: () => kind.apply(one, target),
    revert: () => kind.revert(one, target),
    probe: () => kind.probe(one, target),
  });
  switch (fault.kind) {
    case 'misroute':
      return bind(KINDS.misroute, fault);
    case 'cut':
      return bind(KINDS.cut, fault);
    case 'kill':
      return bind(KINDS.kill, fault);
  }
}
