import type { TargetTimes } from '../fault/target-times.ts';
import type { DoseRecord } from '../history/records.ts';
import type { PlanFault, PlanPhase } from '../scenario/plan.ts';
import { monotonicMs } from '../time/monotonic.ts';

/** When a fault was in force, and in which phase. */
export interface InForce {
  readonly fault: PlanFault;
  readonly phase: PlanPhase;
  /** ms of CLOCK_MONOTONIC. */
  readonly phaseBeganT: number;
  readonly applied: TargetTimes;
  /** When it was read back as in force: counts where no target was told. */
  readonly appliedT: number;
}

/** When its first target was in force, s since its phase's begin, against when that was asked for. */
export function beginDose(inForce: InForce, notes: readonly string[]): DoseRecord {
  const { fault, phaseBeganT, applied, appliedT } = inForce;
  return {
    ...doseOf(fault, 'begin', fault.atSeconds, ((applied.firstT ?? appliedT) - phaseBeganT) / 1000),
    ...(notes.length === 0 ? {} : { note: notes.join(', and ') }),
  };
}

/** Why a fault is put back: its time is over, its phase has ended, or the run is given up. */
export type End = 'due' | 'phase' | 'given up';

/** How long it was in force, s: of the target whose time differs most from what was asked for. */
export function lengthDose(
  inForce: InForce,
  reverted: TargetTimes,
  revertedT: number,
  end: End,
  note: string | null,
): DoseRecord {
  const { fault, applied, appliedT } = inForce;
  const asked = askedSeconds(inForce, end);
  const lengths = applied.targets.flatMap((target) => {
    const [from, to] = [applied.get(target), reverted.get(target)];
    return from === undefined || to === undefined ? [] : [(to - from) / 1000];
  });
  const whole = (revertedT - appliedT) / 1000;
  const worst = lengths.reduce<number | null>((a, b) => (a === null || off(b, asked) > off(a, asked) ? b : a), null);
  return {
    ...doseOf(fault, 'length', asked, worst ?? whole),
    spread: rounded(applied.spreadMs / 1000),
    ...(note === null ? {} : { note }),
  };
}

const off = (seconds: number, asked: number | null): number => Math.abs(seconds - (asked ?? 0));

/** `null`: as short as can be, or until a condition holds. */
function askedSeconds({ fault, phase }: InForce, end: End): number | null {
  if (end === 'given up' || fault.forSeconds === 0) return null;
  if (end === 'due') return fault.forSeconds;
  return phase.until !== null || phase.seconds === null ? null : rounded(phase.seconds - fault.atSeconds);
}

const doseOf = (fault: PlanFault, what: string, asked: number | null, measured: number): DoseRecord => ({
  kind: 'dose',
  t: monotonicMs(),
  source: 'harness',
  fault: fault.id,
  what,
  unit: 's',
  asked,
  measured: rounded(measured),
  bound: 'equal',
});

const rounded = (seconds: number): number => Math.round(seconds * 10_000) / 10_000;
