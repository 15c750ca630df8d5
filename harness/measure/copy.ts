import { z } from 'zod';
import { countersOf, sumIn } from './counter.ts';
import type { Frame, Window } from './frame.ts';
import { mbit, payloadCounter, routerOf } from './queues.ts';
import { round, toSeconds, toShare } from './rounding.ts';
import { nodeRecords } from './search.ts';
import type { VolumeStates } from './volume-states.ts';

export const copySchema = z.strictObject({
  bytesResynced: z.number().describe('Bytes of replicas received by new homes, since the trigger began'),
  copyingSeconds: z.number().describe('Time in the storm with at least one copy under way'),
  copyMbit: z.number().nullable().describe('Copied bytes ÷ that time'),
  residualMbit: z.number().nullable().describe('Replication capacity minus all other measured traffic in its queue'),
  shareOfResidual: z.number().nullable().describe('Copy rate ÷ residual capacity: below 0.8 something else limits'),
  reason: z.string().nullable(),
});
export type Copy = z.infer<typeof copySchema>;

/**
 * How fast the copies went, against what the replication network had left for them, over those parts of `storm`
 * in which a copy was under way.
 */
export function measureCopy(frame: Frame, states: VolumeStates, storm: Window): Copy {
  const counters = [...countersOf(nodeRecords(frame), (record) => record.copyReceivedBytes).values()];
  const bytesResynced = Math.round(sumIn(counters, { startT: frame.touchedT, endT: frame.measured.endT }));
  const copying = states.degraded.stretches(storm.startT, storm.endT).filter((stretch) => stretch.count > 0);
  const durationMs = copying.reduce((sum, stretch) => sum + stretch.endT - stretch.startT, 0);
  const none = { bytesResynced, copyMbit: null, residualMbit: null, shareOfResidual: null };
  const router = routerOf(frame, 'replication');
  if (durationMs <= 0) return { ...none, copyingSeconds: 0, reason: 'no copy was under way after the trigger' };
  const copyingSeconds = toSeconds(durationMs);
  if (router === undefined) return { ...none, copyingSeconds, reason: 'the zone has no replication router' };
  const queue = payloadCounter(frame, router.id);
  const copied = copying.reduce((sum, stretch) => sum + sumIn(counters, stretch), 0);
  const passed = copying.reduce((sum, stretch) => sum + queue.in(stretch), 0);
  const copyMbit = mbit(copied, { startT: 0, endT: durationMs }) ?? 0;
  const otherMbit = mbit(Math.max(0, passed - copied), { startT: 0, endT: durationMs }) ?? 0;
  const residualMbit = router.capacityMbit - otherMbit;
  return {
    bytesResynced,
    copyingSeconds,
    copyMbit,
    residualMbit: round(residualMbit, 3),
    shareOfResidual: residualMbit <= 0 ? null : toShare(copyMbit / residualMbit),
    reason: residualMbit <= 0 ? 'other traffic left no capacity' : null,
  };
}
