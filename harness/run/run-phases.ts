import { setTimeout as delay } from 'node:timers/promises';
import { type BoundFault, bindFault } from '../fault/catalogue.ts';
import type { FaultTarget } from '../fault/fault.ts';
import { TargetTimes } from '../fault/target-times.ts';
import type { FaultRecord, HistoryRecord } from '../history/records.ts';
import type { PlanAction, PlanFault, PlanPhase } from '../scenario/plan.ts';
import { withDeadline } from '../time/deadline.ts';
import { monotonicMs } from '../time/monotonic.ts';
import { awaitTriggerEnd } from './await-trigger-end.ts';
import { Background } from './background.ts';
import { FaultSchedule } from './fault-schedule.ts';
import type { LiveState } from './live-state.ts';
import { startBesideQueue } from './measure-beside-queue.ts';
import { startLinkRate } from './measure-link-rate.ts';
import { beginDose, type End, lengthDose } from './timing-dose.ts';
import { Turns } from './turns.ts';

/** Where what is about to be done is written down first; see `harness/lab/journal.ts`. */
export interface FaultJournal {
  applying(fault: BoundFault['plan']): void;
  applied(fault: BoundFault['plan']): void;
  reverted(fault: BoundFault['plan']): void;
}

/** Who does the plan's actions; see `operator.ts`. */
export interface PhaseOperator {
  /** Never rejects. */
  perform(action: PlanAction, by: 'schedule'): Promise<unknown>;
  skip(action: PlanAction): void;
}

export interface RunPhasesOptions {
  readonly target: FaultTarget;
  readonly live: LiveState;
  readonly journal: FaultJournal;
  readonly operator?: PhaseOperator;
  readonly onRecord: (record: HistoryRecord) => void;
  readonly signal: AbortSignal;
  /** How long one step of a fault may take, ms; tests have less time. */
  readonly faultLimitMs?: number;
}

/** How long a condition must hold before a phase that waits for it ends: one of its sources prints twice a second. */
const HOLD_MS = 3_000;
const POLL_MS = 100;
/** How long a fault is waited for before the phase goes on: most take less, and keep their order. */
const PATIENCE_MS = 50;
/** A call that takes longer than this explains why a fault is late. */
const SLOW_MS = 100;
/** A full queue of a thin network takes a few seconds to drain; one that does not has another load. */
const DRAIN_LIMIT_MS = 60_000;
/** Faults take milliseconds, a replaced router some seconds; what takes longer waits for something that is gone. */
const FAULT_LIMIT_MS = 60_000;

/**
 * Goes through the phases. A fault is written down before it is applied, and what was written down is put back in
 * reverse order when its time or its phase ends, however that ends.
 */
export async function runPhases(phases: readonly PlanPhase[], options: RunPhasesOptions): Promise<void> {
  const failed = new AbortController();
  const background = new Background(AbortSignal.any([options.signal, failed.signal]));
  try {
    for (const phase of phases) {
      options.signal.throwIfAborted();
      note(options, phase, 'begin');
      try {
        await runPhase(phase, options, background);
      } finally {
        note(options, phase, 'end');
      }
    }
  } catch (error) {
    // A proof that went on would ask routers that are removed by then, and its error would hide this one.
    failed.abort();
    await background.proved();
    throw error;
  }
  await background.finish();
}

/** Faults of the plan that this lab cannot carry out, in words. */
export function unableFaults(phases: readonly PlanPhase[], target: FaultTarget): string[] {
  return phases
    .flatMap(({ faults }) => faults)
    .flatMap((fault) => {
      const { unable } = bindFault(fault, target);
      return unable === null ? [] : [`${fault.id}: ${unable}`];
    });
}

/** What goes on in one phase. */
interface Going {
  readonly phase: PlanPhase;
  /** ms of CLOCK_MONOTONIC. */
  readonly began: number;
  readonly hasEnded: () => boolean;
  readonly options: RunPhasesOptions;
  readonly background: Background;
  readonly schedule: FaultSchedule;
  readonly turns: Turns;
  /** Of faults that took so long that the phase went on meanwhile. */
  readonly errors: Error[];
}

async function runPhase(phase: PlanPhase, options: RunPhasesOptions, background: Background): Promise<void> {
  const { signal } = options;
  const began = monotonicMs();
  const hasEnded = phaseEnd(phase, began, options);
  const faults = phase.faults.map((fault) => bindFault(fault, options.target));
  const schedule = new FaultSchedule(began, faults);
  const going: Going = { phase, began, hasEnded, options, background, schedule, turns: new Turns(), errors: [] };
  const actions = [...phase.actions];
  try {
    while (going.errors.length === 0) {
      const now = monotonicMs() - began;
      for (let due = schedule.takeRevert(now); due !== null; due = schedule.takeRevert(now)) {
        const fault = due;
        await inTurn(going, fault, async (waited) => {
          await lookBeforeRevert(fault, schedule, options);
          await putBack(fault, going, 'due', waitedText(waited));
        });
      }
      // What is asked for at the instant of the end would be over before it is in force.
      if (hasEnded()) break;
      for (let due = schedule.takeApply(now); due !== null; due = schedule.takeApply(now)) {
        const fault = due;
        await inTurn(going, fault, (waited) => apply(fault, going, waited));
      }
      // One may take long, and keeps neither a fault nor another action from its time.
      for (let due = takeDue(actions, now); due !== null; due = takeDue(actions, now)) {
        const performed = options.operator?.perform(due, 'schedule');
        if (performed !== undefined) background.action(performed);
      }
      const times = [schedule.nextAt, actions[0] === undefined ? null : actions[0].atSeconds * 1000];
      // When a fault is to be put back is known once it is in force.
      if (!going.turns.isIdle) times.push(now + PATIENCE_MS);
      const next = Math.min(...times.map((time) => time ?? Number.POSITIVE_INFINITY), endsAt(phase) ?? now + POLL_MS);
      await delay(Math.max(1, began + next - monotonicMs()), undefined, { signal });
    }
  } catch (error) {
    going.errors.push(error as Error);
  }
  await going.turns.idle();
  const { errors } = going;
  await putAllBack(going, errors.length > 0 ? 'given up' : 'phase');
  for (const fault of schedule.waiting) record(options, fault, 'skipped');
  for (const action of actions) options.operator?.skip(action);
  const [first] = errors;
  if (first === undefined) return;
  if (errors.length === 1) throw first;
  throw new AggregateError(errors, errors.map(({ message }) => message).join('; '));
}

/** The first of the actions, in the order of their times, if its time has come; it waits no longer. */
function takeDue(actions: PlanAction[], now: number): PlanAction | null {
  const [first] = actions;
  return first === undefined || first.atSeconds * 1000 > now ? null : (actions.shift() ?? null);
}

/** How long a fault waited for others on its targets, and for whom. */
interface Waited {
  readonly ms: number;
  readonly names: readonly string[];
}

/**
 * One after the other, as they come; but one that takes long, as where a router is replaced, keeps only those from their
 * time that are done to the same routers or containers.
 *
 * @throws what the work throws within {@link PATIENCE_MS}; what it throws later is among `going.errors`
 */
async function inTurn(going: Going, fault: BoundFault, work: (waited: Waited) => Promise<void>): Promise<void> {
  const asked = monotonicMs();
  const done = going.turns.take(fault.plan.id, touchedBy(fault.plan, going.options.target), (names) =>
    work({ ms: monotonicMs() - asked, names }),
  );
  const quick = await Promise.race([done.then(() => true), delay(PATIENCE_MS, false, { ref: false })]);
  if (!quick) done.catch((error: Error) => going.errors.push(error));
}

/** The routers and containers that a fault is done to. */
function touchedBy({ targets }: PlanFault, { plan }: FaultTarget): string[] {
  const links = new Set(targets.links);
  const routers = plan.links.filter(({ id }) => links.has(id)).map(({ router }) => router);
  return [...targets.routers, ...routers, ...targets.containers];
}

const waitedText = ({ ms, names }: Waited): string | null =>
  ms < PATIENCE_MS ? null : `it waited ${(ms / 1000).toFixed(1)} s for ${names.join(', ')}`;

async function apply(bound: BoundFault, going: Going, waited: Waited): Promise<void> {
  const { phase, began, options, schedule } = going;
  const { id } = bound.plan;
  const note = waitedText(waited);
  // While it waited the phase has been given up, or has ended.
  if (going.errors.length > 0) return record(options, bound, 'skipped');
  if (note !== null && going.hasEnded()) return record(options, bound, 'failed', `${note}, until its phase was over`);
  options.journal.applying(bound.plan);
  schedule.begin(bound);
  record(options, bound, 'applying');
  const { faultLimitMs = FAULT_LIMIT_MS } = options;
  const times = new TargetTimes();
  const askedT = monotonicMs();
  await withDeadline(bound.apply(times), faultLimitMs, `fault ${id}`);
  const t = monotonicMs();
  const lateMs = askedT - began - bound.plan.atSeconds * 1000 - waited.ms;
  const notes = [
    ...(note === null ? [] : [note]),
    ...(lateMs < SLOW_MS ? [] : [`the harness came to it ${(lateMs / 1000).toFixed(1)} s late`]),
    ...(t - askedT < SLOW_MS ? [] : [`it took ${((t - askedT) / 1000).toFixed(1)} s to apply it`]),
  ];
  const share = await withDeadline(bound.probe(), faultLimitMs, `the probe of ${id}`);
  record(options, bound, share === 1 ? 'applied' : 'failed');
  if (share !== 1) throw new Error(`fault ${id}: only ${(share * 100).toFixed(0)} % of it is in force`);
  options.journal.applied(bound.plan);
  options.onRecord(beginDose({ fault: bound.plan, phase, phaseBeganT: began, applied: times, appliedT: t }, notes));
  const [link, beside] = [await startLinkRate(bound, options.target), startBesideQueue(bound)];
  schedule.applied(bound, { times, t, finish: async () => [...(await link()), ...(await beside())] });
}

/** In reverse order. One that cannot be put back does not keep the others from it. */
async function putAllBack(going: Going, end: End): Promise<void> {
  const { schedule, options } = going;
  const inForce = schedule.inForce.toReversed();
  // All at once and before any revert: those that come last would be in force for longer by what all others are asked.
  await Promise.all(inForce.map((bound) => lookBeforeRevert(bound, schedule, options)));
  for (const bound of inForce) {
    try {
      await putBack(bound, going, end);
    } catch (error) {
      going.errors.push(error as Error);
    }
  }
}

async function putBack(bound: BoundFault, going: Going, end: End, note: string | null = null): Promise<void> {
  const { phase, began, options, background, schedule } = going;
  const { id } = bound.plan;
  const { faultLimitMs = FAULT_LIMIT_MS } = options;
  record(options, bound, 'reverting');
  const times = new TargetTimes();
  await withDeadline(bound.revert(times), faultLimitMs, `the revert of ${id}`);
  const t = monotonicMs();
  const share = await withDeadline(bound.probe(), faultLimitMs, `the probe of ${id}`);
  const restoredAt = monotonicMs();
  record(options, bound, share === 0 ? 'reverted' : 'failed');
  if (share !== 0) throw new Error(`fault ${id} is still in force after its revert`);
  options.journal.reverted(bound.plan);
  const applied = schedule.appliedOf(bound);
  if (applied !== null) {
    const inForce = { fault: bound.plan, phase, phaseBeganT: began, applied: applied.times, appliedT: applied.t };
    options.onRecord(lengthDose(inForce, times, t, end, note));
  }
  if (bound.drains !== null && !options.signal.aborted) {
    background.proof(proveTriggerEnd(bound.drains, id, restoredAt, options, background.signal));
  }
}

/**
 * What is measured of a fault at its end, and whether it is still in force: something else may have put it back, as a
 * supervisor does that starts what was killed. Nothing here keeps a fault from being put back. Of a run that is given up
 * nothing is measured; it is put back as soon as can be.
 */
async function lookBeforeRevert(bound: BoundFault, schedule: FaultSchedule, options: RunPhasesOptions): Promise<void> {
  if (options.signal.aborted) return;
  const { faultLimitMs = FAULT_LIMIT_MS } = options;
  try {
    const finished = schedule.appliedOf(bound)?.finish() ?? Promise.resolve([]);
    for (const dose of await withDeadline(finished, faultLimitMs, `the dose of ${bound.plan.id}`))
      options.onRecord(dose);
  } catch (error) {
    record(options, bound, 'unread', `its dose: ${(error as Error).message}`);
  }
  try {
    const share = await withDeadline(bound.probe(), faultLimitMs, `the probe of ${bound.plan.id}`);
    if (share !== 1) record(options, bound, 'slipped');
  } catch (error) {
    // An engine that does not answer, or a mistake of ours: neither says that something put the fault back.
    record(options, bound, 'unread', (error as Error).message);
  }
}

/** The storm begins while the queue drains, so the proof runs beside the next phase. */
async function proveTriggerEnd(
  router: NonNullable<BoundFault['drains']>,
  fault: string,
  restoredAt: number,
  options: RunPhasesOptions,
  signal: AbortSignal,
): Promise<void> {
  try {
    const proof = await awaitTriggerEnd(router, fault, restoredAt, DRAIN_LIMIT_MS, signal);
    if (proof !== null) options.onRecord(proof);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

/** Of a phase of a fixed length, ms since its begin. */
const endsAt = (phase: PlanPhase): number | null => (phase.until === null ? (phase.seconds ?? 0) * 1000 : null);

/** Tells, whenever it is asked, whether the phase is over. */
function phaseEnd(phase: PlanPhase, began: number, options: RunPhasesOptions): () => boolean {
  const { until } = phase;
  const atLeast = (phase.seconds ?? 0) * 1000;
  if (until === null) return () => monotonicMs() - began >= atLeast;
  const latest = (phase.atMostSeconds ?? 0) * 1000;
  let since: number | null = null;
  return () => {
    const now = monotonicMs() - began;
    since = options.live[until] ? (since ?? now) : null;
    return now >= latest || (since !== null && now - since >= HOLD_MS && now >= atLeast);
  };
}

function note(options: RunPhasesOptions, phase: PlanPhase, state: 'begin' | 'end'): void {
  options.onRecord({ kind: 'phase', t: monotonicMs(), source: 'harness', phase: phase.name, state });
}

function record(
  options: RunPhasesOptions,
  bound: BoundFault,
  state: FaultRecord['state'],
  detail = bound.plan.description,
): void {
  const { id, kind } = bound.plan;
  options.onRecord({
    kind: 'fault',
    t: monotonicMs(),
    source: 'harness',
    id,
    fault: kind,
    state,
    detail,
  });
}
