import { expect, test } from 'vitest';
import type { NodeRecord } from '../../../harness/history/records.ts';
import { LiveState } from '../../../harness/run/live-state.ts';
import type { Plan } from '../../../harness/scenario/plan.ts';

const plan = { volumes: Array.from({ length: 200 }, () => ({})) } as unknown as Plan;
const node = (source: string, mirrored: number, degraded: number, stuck: number): NodeRecord =>
  ({ kind: 'node', source, mirrored, degraded, stuck }) as NodeRecord;

test('nothing is known before every volume is accounted for', () => {
  const live = new LiveState(plan);
  live.take(node('a1', 100, 0, 0));
  expect([live.mirrored, live.recovered]).toEqual([false, false]);
  live.take(node('a2', 100, 0, 0));
  expect([live.mirrored, live.recovered]).toEqual([true, true]);
});

test('recovered below 1 % stuck, mirrored only when none is degraded', () => {
  const live = new LiveState(plan);
  live.take(node('a1', 100, 0, 0));
  live.take(node('a2', 90, 10, 2));
  expect([live.mirrored, live.recovered]).toEqual([false, false]);
  live.take(node('a2', 90, 10, 1));
  expect([live.mirrored, live.recovered]).toEqual([false, true]);
});

test('a crashed node’s last numbers count no more: others may serve its volumes, or nobody', () => {
  const live = new LiveState(plan);
  live.take(node('a1', 100, 0, 0));
  live.take(node('a2', 90, 10, 10));
  live.take({ kind: 'crash', source: 'a2', t: 1, closesInWindow: 20, replicas: 9 });
  expect([live.mirrored, live.recovered]).toEqual([false, false]);
  live.take(node('a1', 200, 0, 0));
  expect([live.mirrored, live.recovered]).toEqual([true, true]);
});
