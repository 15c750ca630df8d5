import type { Router } from '../fabric/router.ts';
import type { FaultLanguage, FaultWords } from '../scenario/fault-language.ts';
import type { PlanFault } from '../scenario/plan.ts';
import { bridge } from './bridge.ts';
import { cap } from './cap.ts';
import { capacity } from './capacity.ts';
import { cpu } from './cpu.ts';
import { cut } from './cut.ts';
import { delay } from './delay.ts';
import { diskFull } from './disk-full.ts';
import type { FaultKind, FaultTarget } from './fault.ts';
import { flap } from './flap.ts';
import { isolate } from './isolate.ts';
import { kill } from './kill.ts';
import { misroute } from './misroute.ts';
import { pause } from './pause.ts';
import { restart } from './restart.ts';
import { ring } from './ring.ts';
import { swizzle } from './swizzle.ts';
import { TargetTimes } from './target-times.ts';

/** Every fault: a new one is one file and one line here. What each takes and gives is checked in its own file. */
export const FAULTS = [
  misroute,
  cap,
  capacity,
  delay,
  cut,
  flap,
  isolate,
  bridge,
  ring,
  swizzle,
  kill,
  pause,
  restart,
  cpu,
  diskFull,
] as unknown as FaultLanguage;

/** A fault of the plan with its kind's operations bound to it. */
export interface BoundFault {
  readonly plan: PlanFault;
  /** Why this lab cannot carry it out; `null`: it can. */
  readonly unable: string | null;
  /** The router whose queue it fills: what stood there when it was put back still is of the fault. */
  readonly drains: Router | null;
  /** How much sooner than its time is over its revert begins, ms. */
  leadMs(): number;
  /** @param times is told when it is in force at each of its targets */
  apply(times?: TargetTimes): Promise<void>;
  /** @param times is told when it is gone from each */
  revert(times?: TargetTimes): Promise<void>;
  probe(): Promise<number>;
}

/** @throws Error when the plan has a fault that no kind carries out, or with settings that its kind does not take. */
export function bindFault(fault: PlanFault, target: FaultTarget): BoundFault {
  const kind = kindOf(fault.kind);
  const settings = kind.settings.safeParse(fault.settings);
  if (!settings.success) throw new Error(`${fault.id}: ${settings.error.message}`);
  return {
    plan: fault,
    unable: kind.unable?.(fault, target) ?? null,
    drains: kind.drains?.(fault, target) ?? null,
    leadMs: () => kind.leadMs?.(fault, target) ?? 0,
    apply: (times = new TargetTimes()) => kind.apply(fault, target, times),
    revert: (times = new TargetTimes()) => kind.revert(fault, target, times),
    probe: () => kind.probe(fault, target),
  };
}

function kindOf(name: string): FaultKind {
  const kind = FAULTS.find((one) => one.kind === name);
  if (kind === undefined || !isCarriedOut(kind)) throw new Error(`no fault of kind ${name}`);
  return kind;
}

/** Others, such as a swizzle, come to faults of another kind in the plan. */
export function isCarriedOut(words: FaultWords): words is FaultKind {
  return 'apply' in words;
}
