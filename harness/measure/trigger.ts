import { z } from 'zod';
import type { History } from '../history/history.ts';
import type { Plan, PlanFault } from '../scenario/plan.ts';
import { toSeconds } from './rounding.ts';

/**
 * When the fault began and when it was proved gone, in `t` of the history. `null` with a reason when that did not
 * happen; both `null` without a reason never occurs.
 */
export interface Trigger {
  readonly faults: readonly PlanFault[];
  readonly startT: number | null;
  readonly startReason: string | null;
  readonly endT: number | null;
  readonly endReason: string | null;
  /** Only a misroute has these: routes read back as restored, and what stood in the queue at that moment. */
  readonly routesRestoredT: number | null;
  readonly backlogAtRestoreBytes: number | null;
}

export const triggerSchema = z.strictObject({
  faults: z.array(z.string()).describe('Ids of the faults the plan applies'),
  seconds: z.number().nullable().describe('From the first fault applied until it was proved gone'),
  secondsReason: z.string().nullable(),
  routesRestoredAtSeconds: z.number().nullable().describe('Routes read back as restored, since the trigger began'),
  backlogAtRestoreBytes: z.number().nullable().describe('What stood in the replication queue at that moment'),
  drainSeconds: z.number().nullable().describe('Until the queue, first in first out, had sent all of that'),
});
export type TriggerResult = z.infer<typeof triggerSchema>;

/**
 * A misroute begins when its record says `applied` and ends with `trigger.end` (`drainedAt`); of other faults the
 * end is `reverted`. With several faults the trigger reaches from the first to the last.
 */
export function triggerOf(plan: Plan, history: History): Trigger {
  const faults = plan.phases.flatMap((phase) => phase.faults);
  const none = { faults, routesRestoredT: null, backlogAtRestoreBytes: null, startT: null, endT: null };
  if (faults.length === 0) {
    const reason = 'the plan has no fault';
    return { ...none, startReason: reason, endReason: reason };
  }
  const records = history.of('fault');
  const applied = records.filter((record) => record.state === 'applied');
  const [first] = applied;
  if (first === undefined) {
    const reason = 'no fault was applied';
    return { ...none, startReason: reason, endReason: reason };
  }
  const proof = history.of('trigger.end').at(-1);
  const ends: number[] = [];
  const open: string[] = [];
  for (const fault of faults) {
    const end =
      fault.kind === 'misroute'
        ? proof?.drainedAt
        : records.findLast((record) => record.id === fault.id && record.state === 'reverted')?.t;
    if (end === undefined) open.push(fault.id);
    else ends.push(end);
  }
  return {
    faults,
    startT: first.t,
    startReason: null,
    endT: open.length === 0 ? Math.max(...ends) : null,
    endReason: open.length === 0 ? null : `the end of ${open.join(', ')} was not proved`,
    routesRestoredT: proof?.routesRestoredAt ?? null,
    backlogAtRestoreBytes: proof?.backlogAtRestoreBytes ?? null,
  };
}

export function describeTrigger(trigger: Trigger): TriggerResult {
  const { startT, endT, routesRestoredT } = trigger;
  return {
    faults: trigger.faults.map((fault) => fault.id),
    seconds: startT === null || endT === null ? null : toSeconds(endT - startT),
    secondsReason: trigger.startReason ?? trigger.endReason,
    routesRestoredAtSeconds: startT === null || routesRestoredT === null ? null : toSeconds(routesRestoredT - startT),
    backlogAtRestoreBytes: trigger.backlogAtRestoreBytes,
    drainSeconds: endT === null || routesRestoredT === null ? null : toSeconds(endT - routesRestoredT),
  };
}
