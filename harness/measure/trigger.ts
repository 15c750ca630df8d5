import { z } from 'zod';
import type { History } from '../history/history.ts';
import type { TriggerEnd } from '../history/records.ts';
import type { Plan, PlanFault } from '../scenario/plan.ts';
import { toSeconds } from './rounding.ts';

/**
 * When the fault began and when it was proved gone, in `t` of the history. `null` with a reason when that did not
 * happen; both `null` without a reason never occurs.
 */
export interface Trigger {
  /** In the order of the plan, without those that were skipped because their phase ended before their time. */
  readonly faults: readonly PlanFault[];
  /** Those that were skipped, in the order of the plan. */
  readonly skipped: readonly PlanFault[];
  /**
   * When the first fault began to be applied, by the harness's own word: before this nothing was touched. A kill is in
   * force half a second before it has been read back, and what it breaks by then is not the baseline's doing.
   */
  readonly touchedT: number | null;
  readonly startT: number | null;
  readonly startReason: string | null;
  readonly endT: number | null;
  readonly endReason: string | null;
  /** Only a misroute has these, of several the last: routes read back as restored, what stood in the queue then, … */
  readonly routesRestoredT: number | null;
  readonly backlogAtRestoreBytes: number | null;
  /** … and when the queue had sent that. */
  readonly drainedT: number | null;
}

export const triggerSchema = z.strictObject({
  faults: z.array(z.string()).describe('Ids of the faults the plan applies, without those whose phase ended first'),
  seconds: z.number().nullable().describe('From the first fault applied until it was proved gone'),
  secondsReason: z.string().nullable(),
  routesRestoredAtSeconds: z.number().nullable().describe('Routes read back as restored, since the trigger began'),
  backlogAtRestoreBytes: z.number().nullable().describe('What stood in the replication queue at that moment'),
  drainSeconds: z.number().nullable().describe('Until the queue, first in first out, had sent all of that'),
});
export type TriggerResult = z.infer<typeof triggerSchema>;

/**
 * A misroute begins when its record says `applied` and ends with `trigger.end` (`drainedAt`); of other faults the
 * end is `reverted`. With several faults the trigger reaches from the first applied to the last gone, whatever was
 * whole in between.
 */
export function triggerOf(plan: Plan, history: History): Trigger {
  const planned = plan.phases.flatMap((phase) => phase.faults);
  const records = history.of('fault');
  const skippedIds = new Set(records.filter((record) => record.state === 'skipped').map((record) => record.id));
  const faults = planned.filter((fault) => !skippedIds.has(fault.id));
  const skipped = planned.filter((fault) => skippedIds.has(fault.id));
  const none = {
    faults,
    skipped,
    touchedT: records.find((record) => record.state === 'applying')?.t ?? null,
    routesRestoredT: null,
    backlogAtRestoreBytes: null,
    drainedT: null,
    startT: null,
    endT: null,
  };
  if (faults.length === 0) {
    const reason = planned.length === 0 ? 'the plan has no fault' : 'every fault’s phase ended before its time';
    return { ...none, startReason: reason, endReason: reason };
  }
  const applied = records.filter((record) => record.state === 'applied');
  const [first] = applied;
  if (first === undefined) {
    const reason = 'no fault was applied';
    return { ...none, startReason: reason, endReason: reason };
  }
  // Where Toxiproxy makes the capacities there is no queue that could hold what was misrouted.
  const hasQueues = history.of('run.start')[0]?.shaping !== 'toxiproxy';
  const proofs = history.of('trigger.end').toSorted((a, b) => a.routesRestoredAt - b.routesRestoredAt);
  const proof = proofs.at(-1);
  const reverted = new Map(
    records.filter((record) => record.state === 'reverted').map((record) => [record.id, record.t]),
  );
  const unproved = unprovedOf(faults, proofs, reverted);
  const ends = proofs.map(({ drainedAt }) => drainedAt);
  const open: string[] = [];
  for (const fault of faults) {
    const end = reverted.get(fault.id);
    if (fault.kind === 'misroute' && hasQueues) {
      if (unproved.has(fault.id)) open.push(fault.id);
    } else if (end === undefined) open.push(fault.id);
    else ends.push(end);
  }
  return {
    faults,
    skipped,
    // Histories of the first versions have no such record.
    touchedT: Math.min(none.touchedT ?? first.t, first.t),
    startT: first.t,
    startReason: null,
    endT: open.length === 0 ? Math.max(...ends) : null,
    endReason: open.length === 0 ? null : `the end of ${fewIds(open)} was not proved`,
    routesRestoredT: proof?.routesRestoredAt ?? null,
    backlogAtRestoreBytes: proof?.backlogAtRestoreBytes ?? null,
    drainedT: proof?.drainedAt ?? null,
  };
}

/** Misroutes without a proof of their end. */
function unprovedOf(
  faults: readonly PlanFault[],
  proofs: readonly TriggerEnd[],
  reverted: ReadonlyMap<string, number>,
): ReadonlySet<string> {
  const misroutes = faults.filter((fault) => fault.kind === 'misroute');
  const proved = new Set(proofs.map(({ fault }) => fault));
  const open = misroutes.filter(({ id }) => !proved.has(id));
  // Proofs of older versions say not whose they are, and come in the order of the misroutes' ends.
  const nameless = proofs.filter(({ fault }) => fault === undefined).length;
  const endOf = ({ id }: PlanFault): number => reverted.get(id) ?? Number.POSITIVE_INFINITY;
  const inOrder = open.toSorted((a, b) => endOf(a) - endOf(b));
  return new Set(inOrder.slice(nameless).map(({ id }) => id));
}

/** Most ids that a reason names: a flap may be a thousand faults. */
const NAMED_MAX = 6;

export function fewIds(ids: readonly string[]): string {
  const more = ids.length - NAMED_MAX;
  return more <= 0 ? ids.join(', ') : `${ids.slice(0, NAMED_MAX).join(', ')} and ${more} more`;
}

export function describeTrigger(trigger: Trigger): TriggerResult {
  const { startT, endT, routesRestoredT, drainedT } = trigger;
  return {
    faults: trigger.faults.map((fault) => fault.id),
    seconds: startT === null || endT === null ? null : toSeconds(endT - startT),
    secondsReason: trigger.startReason ?? trigger.endReason,
    routesRestoredAtSeconds: startT === null || routesRestoredT === null ? null : toSeconds(routesRestoredT - startT),
    backlogAtRestoreBytes: trigger.backlogAtRestoreBytes,
    drainSeconds: drainedT === null || routesRestoredT === null ? null : toSeconds(drainedT - routesRestoredT),
  };
}
