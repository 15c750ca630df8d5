import { setTimeout as delay } from 'node:timers/promises';
import { type BoundFault, bindFault } from '../fault/catalogue.ts';
import type { FaultTarget } from '../fault/fault.ts';
import type { FaultRecord, HistoryRecord } from '../history/records.ts';
import type { PlanFault, PlanPhase } from '../scenario/plan.ts';
import { monotonicMs } from '../time/monotonic.ts';
import { awaitTriggerEnd } from './await-trigger-end.ts';
import type { LiveState } from './live-state.ts';

export interface RunPhasesOptions {
  readonly target: FaultTarget;
  readonly live: LiveState;
  readonly onRecord: (record: HistoryRecord) => void;
  readonly signal: AbortSignal;
}

/** How long a condition must hold before a phase that waits for it ends: one of its sources prints twice a second. */
const HOLD_MS = 3_000;
const POLL_MS = 100;
/** A full queue of a thin network takes a few seconds to drain; one that does not has another load. */
const DRAIN_LIMIT_MS = 60_000;

/**
 * Goes through the phases. A fault's revert is registered before the fault is applied, and registered reverts run
 * in reverse order when the phase ends, however it ends.
 */
export async function runPhases(phases: readonly PlanPhase[], options: RunPhasesOptions): Promise<void> {
  const background: Promise<void>[] = [];
  for (const phase of phases) {
    options.signal.throwIfAborted();
    note(options, phase, 'begin');
    try {
      await runPhase(phase, options, background);
    } finally {
      note(options, phase, 'end');
    }
  }
  await Promise.all(background);
}

async function runPhase(phase: PlanPhase, options: RunPhasesOptions, background: Promise<void>[]): Promise<void> {
  const began = monotonicMs();
  const applied: BoundFault[] = [];
  try {
    for (const fault of phase.faults) {
      const bound = bindFault(fault, options.target);
      applied.push(bound);
      record(options, bound, 'applying');
      await bound.apply();
      const share = await bound.probe();
      record(options, bound, share === 1 ? 'applied' : 'failed');
      if (share !== 1) throw new Error(`fault ${fault.id}: only ${(share * 100).toFixed(0)} % of it is in force`);
    }
    await phaseEnd(phase, began, options);
  } finally {
    await putAllBack(applied.reverse(), options, background);
  }
}

/** One that cannot be put back does not keep the others from it. @throws AggregateError of all that failed. */
async function putAllBack(
  faults: readonly BoundFault[],
  options: RunPhasesOptions,
  background: Promise<void>[],
): Promise<void> {
  const errors: unknown[] = [];
  for (const bound of faults) {
    try {
      await putBack(bound, options, background);
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length > 0) throw new AggregateError(errors, errors.map((error) => (error as Error).message).join('; '));
}

async function putBack(bound: BoundFault, options: RunPhasesOptions, background: Promise<void>[]): Promise<void> {
  record(options, bound, 'reverting');
  await bound.revert();
  const share = await bound.probe();
  const restoredAt = monotonicMs();
  record(options, bound, share === 0 ? 'reverted' : 'failed');
  if (share !== 0) throw new Error(`fault ${bound.plan.id} is still in force after its revert`);
  if (bound.plan.kind === 'misroute' && !options.signal.aborted) {
    background.push(proveTriggerEnd(bound.plan, restoredAt, options));
  }
}

/** The storm begins while the queue drains, so the proof runs beside the next phase. */
async function proveTriggerEnd(
  fault: Extract<PlanFault, { kind: 'misroute' }>,
  restoredAt: number,
  options: RunPhasesOptions,
): Promise<void> {
  const planned = options.target.plan.routers.find((one) => one.zone === fault.zone && one.plane === 'replication');
  if (planned === undefined) return;
  const router = options.target.router(planned.id);
  try {
    const proof = await awaitTriggerEnd(router, restoredAt, DRAIN_LIMIT_MS, options.signal);
    if (proof !== null) options.onRecord(proof);
  } catch (error) {
    if (!options.signal.aborted) throw error;
  }
}

async function phaseEnd(phase: PlanPhase, began: number, options: RunPhasesOptions): Promise<void> {
  const { signal } = options;
  if (phase.until === null) {
    const left = began + (phase.seconds ?? 0) * 1000 - monotonicMs();
    await delay(Math.max(0, left), undefined, { signal });
    return;
  }
  const atLeast = began + (phase.seconds ?? 0) * 1000;
  const latest = began + (phase.atMostSeconds ?? 0) * 1000;
  let since: number | null = null;
  while (monotonicMs() < latest) {
    const now = monotonicMs();
    since = options.live[phase.until] ? (since ?? now) : null;
    if (since !== null && now - since >= HOLD_MS && now >= atLeast) return;
    await delay(POLL_MS, undefined, { signal });
  }
}

function note(options: RunPhasesOptions, phase: PlanPhase, state: 'begin' | 'end'): void {
  options.onRecord({ kind: 'phase', t: monotonicMs(), source: 'harness', phase: phase.name, state });
}

function record(options: RunPhasesOptions, bound: BoundFault, state: FaultRecord['state']): void {
  const { id, kind } = bound.plan;
  options.onRecord({
    kind: 'fault',
    t: monotonicMs(),
    source: 'harness',
    id,
    fault: kind,
    state,
    detail: bound.description,
  });
}
