import { expect, test } from 'vitest';
import { PAYLOAD_OF_FRAME } from '../../../harness/measure/queues.ts';
import { LiveView } from '../../../harness/report/live-line.ts';
import type { Plan } from '../../../harness/scenario/plan.ts';
import { node, queue, request, runEnd } from '../measure/record-builders.ts';
import { smallPlan } from '../measure/small-plan.ts';

test('the line tells phase, time, volumes, the thin network and availability', () => {
  const view = new LiveView(smallPlan());
  expect(view.line()).toBe('starting | no node has told yet | thin – | a –, b – (5 s)');
  view.feed({ kind: 'phase', source: 'harness', t: 1000, phase: 'baseline', state: 'begin' });
  view.feed({ kind: 'phase', source: 'harness', t: 5000, phase: 'baseline', state: 'end' });
  view.feed({ kind: 'phase', source: 'harness', t: 5000, phase: 'storm', state: 'begin' });
  view.feed(node('a1', 5000, { mirrored: 9, degraded: 9, stuck: 9 }));
  view.feed(node('a1', 5500, { mirrored: 3, degraded: 2, stuck: 1 }));
  view.feed(node('a2', 5500, { mirrored: 4, degraded: 3, stuck: 3 }));
  view.feed(node('b1', 5500, { mirrored: 50 }));
  // 8 Mbit/s is 1 MB/s; half of it for the last second, and much more before.
  view.feed(queue('a-replication', 4000, 0));
  view.feed(queue('a-replication', 5000, 9e6 / PAYLOAD_OF_FRAME));
  view.feed(queue('a-replication', 6000, 9.5e6 / PAYLOAD_OF_FRAME));
  view.feed(request('use1-a', 500, 510, 'failed'));
  for (const outcome of ['ok', 'ok', 'failed'] as const) view.feed(request('use1-a', 6000, 6100, outcome));
  view.feed(request('use1-b', 6000, 6200));
  expect(view.line()).toBe('storm 5.2 s | 7 mirrored, 1 degraded, 4 stuck | thin 50 % | a 66 %, b 100 % (5 s)');
  view.feed({ kind: 'crash', source: 'a2', t: 6100, closesInWindow: 20, replicas: 9 });
  expect(view.line()).toContain('| 3 mirrored, 1 degraded, 1 stuck, 1 node crashed |');
  view.feed(runEnd(12_000));
  expect(view.line()).toMatch(/^completed 11\.0 s \| .* \| a –, b – \(5 s\)$/);
});

test('where the control plane has users, the line tells of its workers', () => {
  const plan = smallPlan();
  const users = { id: 'b-users', service: 'b-users', zone: 'use1-b', role: 'users', command: [] } as const;
  const withUsers = { ...plan, containers: [...plan.containers, { ...users, attachments: [], disks: [] }] };
  const [without, view] = [new LiveView(plan), new LiveView(withUsers)];
  const record = { busyWorkers: 16, queued: 230, queueMaxMs: 9000, served: 5, lagP99Ms: 1 };
  for (const one of [without, view]) one.feed({ kind: 'control', source: 'control-plane', t: 1000, ...record });
  expect(view.line()).toContain('| thin – | 16 workers busy, 230 calls wait | a –');
  expect(without.line()).not.toContain('workers');
});

const withShop = (): Plan => {
  const plan = smallPlan();
  const shop = { id: 'a-shop', service: 'a-shop', zone: 'use1-a', role: 'app', command: [] } as const;
  return { ...plan, containers: [...plan.containers, { ...shop, attachments: [], disks: [] }] };
};

test('two applications of a zone are told apart', () => {
  const view = new LiveView(withShop());
  expect(view.line()).toContain('| a-app –, b –, a-shop – (5 s)');
  view.feed({ ...request('use1-a', 6000, 6100), app: 'a-shop' });
  view.feed(request('use1-a', 6000, 6100, 'failed'));
  expect(view.line()).toContain('| a-app 0 %, b –, a-shop 100 % (5 s)');
});

test('ten thousand requests a second cost what as many slow ones do', () => {
  const view = new LiveView(smallPlan());
  // To copy five seconds of them for each took minutes.
  for (let i = 0; i < 200_000; i += 1) view.feed(request('use1-a', i / 10, i / 10 + 1, i % 4 === 0 ? 'failed' : 'ok'));
  expect(view.line()).toContain('| a 75 %, b – (5 s)');
});
