import { expect, test } from 'vitest';
import { History } from '../../../harness/history/history.ts';
import type { HistoryRecord } from '../../../harness/history/records.ts';
import { frameOf } from '../../../harness/measure/frame.ts';
import { measureStorm } from '../../../harness/measure/storm.ts';
import { stuckShareAt } from '../../../harness/measure/stuck-share.ts';
import type { Plan } from '../../../harness/scenario/plan.ts';
import { fault, io, phase, runEnd, runStart, triggerEnd, volume } from './record-builders.ts';
import { MISROUTE, smallPlan } from './small-plan.ts';

/** Proved gone at 22,500; the phase `storm`, which may last 30 s, begins at 22,000 and ends at 26,000 by itself. */
const ENDED_EARLY: readonly HistoryRecord[] = [
  runStart(9000),
  ...phase('baseline', 10_000, 20_000),
  ...phase('misroute', 20_000, 22_000),
  ...phase('storm', 22_000, 26_000),
  fault(MISROUTE.id, 'applied', 20_000),
  fault(MISROUTE.id, 'reverted', 22_000),
  triggerEnd(22_000, 22_500),
];
/** va1 is without a mirror from 21.0 to 22.6 and stuck meanwhile. */
const BACK_AGAIN: readonly HistoryRecord[] = [
  volume('va1', 'partner-lost', 21_000, 'a1', { peer: 'a2' }),
  volume('va1', 'elected', 22_600, 'a1', { epoch: 2, peer: 'a2' }),
  volume('va1', 'confirmed', 22_600, 'a1', { epoch: 2, peer: 'a2' }),
  io('a-instances', 25_000, [['va1', 'write', 21_050, 22_610, 'ok', null]]),
];

function shareAt(
  t: number,
  records: readonly HistoryRecord[] = [],
  outcome: 'completed' | 'interrupted' = 'completed',
) {
  const plan: Plan = smallPlan();
  const frame = frameOf(plan, new History([...ENDED_EARLY, ...BACK_AGAIN, ...records, runEnd(27_000, outcome)]));
  const { hung, states, result } = measureStorm(frame, 1, 0);
  return { ...stuckShareAt(frame, hung, states.unmirrored, t), at10s: result.stuckShareAt10s, hungMs: frame.hungMs };
}

test('inside of the record it is what hung then', () => {
  expect(shareAt(22_000).share).toBe(0.25);
  expect(shareAt(23_000).share).toBe(0);
});

test('a run that ended early, all mirrored, has none stuck at a time that it was allowed to reach', () => {
  expect(shareAt(32_500)).toMatchObject({ share: 0, reason: null, at10s: 0 });
  // 30 s were allowed to the phase, and it took 4: 26 s are left after the record.
  expect(shareAt(26_000 + 26_000).share).toBe(0);
  expect(shareAt(26_000 + 26_001)).toMatchObject({ share: null, reason: expect.stringContaining('outside') });
});

test('nothing is said of it where a volume is not mirrored, or I/O hangs, when the record ends', () => {
  const lost = volume('va2', 'partner-lost', 25_500, 'a2', { peer: 'a3' });
  expect(shareAt(32_500, [lost])).toMatchObject({ share: null, at10s: null });
  const again = volume('va2', 'elected', 25_600, 'a2', { epoch: 2, peer: 'a3' });
  const confirmed = volume('va2', 'confirmed', 25_600, 'a2', { epoch: 2, peer: 'a3' });
  // Mirrored at the end, but not through the last stretch in which a hang could show.
  expect(shareAt(32_500, [lost, again, confirmed])).toMatchObject({ share: null, at10s: null });
  const hangs = io('a-instances', 26_900, [['va2', 'write', 25_200, 26_800, 'ok', null]]);
  expect(shareAt(32_500, [hangs])).toMatchObject({ share: null, at10s: null });
});

test('nor where the run was cut off, which says nothing of how it would have gone on', () => {
  expect(shareAt(32_500, [], 'interrupted')).toMatchObject({ share: null, at10s: null });
});
