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

test('the machine rests when its last two samples were below the limit, and not before there are two', () => {
  const live = new LiveState(plan);
  const sample = (busyShare: number): void =>
    live.take({ kind: 'host', t: 1, source: 'harness', busyShare, stealShare: 0, lagP99Ms: 0 });
  const rests = [0.1, 0.9, 0.6, 0.6, 0.7, 0.1, 0.1].map((share) => {
    sample(share);
    return live.machineRests;
  });
  expect(rests).toEqual([false, false, false, true, false, false, true]);
});
