import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { frameBitsPerSecond, payloadBytes } from '../../harness/fabric/capacity.ts';
import type { Router } from '../../harness/fabric/router.ts';
import type { QueueSample } from '../../harness/fabric/router-shell.ts';
import type { BoundFault } from '../../harness/fault/catalogue.ts';
import { awaitTriggerEnd } from '../../harness/run/await-trigger-end.ts';
import { verifyRest } from '../../harness/run/verify-rest.ts';
import { monotonicMs } from '../../harness/time/monotonic.ts';
import { faultOn } from '../container/fault-of.ts';
import { address, dial, execIn, type ProbeLab, startProbeLab } from '../container/probe-lab.ts';
import { receivedMbit, takenMbit } from './receiver.ts';
import { until } from './until.ts';

let probe: ProbeLab;
beforeAll(async () => {
  probe = await startProbeLab(['a1', 'a2', 'a3']);
});
afterAll(() => probe?.[Symbol.asyncDispose]());

interface Pings {
  readonly pings: readonly (readonly [number, number | null])[];
  readonly closedAt: number | null;
}

const misroute = (connections: 'kept' | 'closed'): BoundFault =>
  faultOn(probe.lab, `misroute: { zone: use1-a, nodes: [a2], connections: ${connections} }`, connections);

test('a misroute moves all bytes to its nodes to the thin network, and keeps their connections', async () => {
  const { lab, plan } = probe;
  const thin = lab.router('a-replication');
  const asked = thin.plan.capacityMbit;
  const kept = misroute('kept');
  expect(kept.drains).toBe(thin);
  // The first byte of all is to be among those counted.
  await until('the receiver has printed', () =>
    probe.records.some(({ kind, source }) => kind === 'probe' && source === 'a2'),
  );
  const begun = monotonicMs();
  const ping = probe.exec<Pings>('a1', 'ping.ts', [...dial(plan, 'a1->a2@primary'), 50, 20]);
  const other = probe.exec<Pings>('a1', 'ping.ts', [...dial(plan, 'a1->a3@primary'), 50, 8]);
  const flood = probe.exec('a-instances', 'flood.ts', [...dial(plan, 'a-instances->a2@primary'), 32, 6.5]);
  await delay(2_000);

  await kept.apply();
  expect(await kept.probe()).toBe(1);
  await delay(500);
  const before = await thin.shell.queue();
  const from = monotonicMs();
  const backlogs = await backlogsFor(thin, 2_500);
  const after = await thin.shell.queue();
  const to = monotonicMs();
  await kept.revert();
  const restoredAt = monotonicMs();
  expect(await kept.probe()).toBe(0);
  const end = await awaitTriggerEnd(thin, 'misroute-1', restoredAt, 20_000, new AbortController().signal);
  await flood;
  // What stands in its buffers, tens of megabytes where the kernel has let them grow, would go on arriving after the pings.
  await execIn(lab, 'a2', ['sh', '-c', 'kill -USR1 1; echo done']);
  const emptyAt = await emptied(lab.router('a-primary'));
  const [misrouted, innocent] = await Promise.all([ping, other]);

  // Dose: the thin network is full with the misrouted bytes, by the kernel's count and by the receiver's. A round-trip
  // time that jumps makes TCP send much of it twice, so the receiver is asked at its interface.
  const queue = (payloadBytes(after.frameBytes - before.frameBytes) * 8) / 1000 / (to - from);
  const receiver = payloadBytes(takenMbit(probe, 'a2', from, to));
  const goodput = receivedMbit(probe, 'a2', from, to, address(plan, 'a2', 'use1-a-primary'));
  console.error(
    `misrouted: thin ${asked}, queue ${queue.toFixed(2)}, receiver ${receiver.toFixed(2)}, goodput ${goodput.toFixed(2)} Mbit/s`,
  );
  expect(queue / asked).toBeGreaterThan(0.95);
  expect(receiver / queue).toBeGreaterThan(0.93);
  expect(receiver / queue).toBeLessThan(1.05);
  // What a program reads has come in before; in a short window it may be more, as what waited for a lost segment comes
  // with it. So from the first byte on, headers included on the one side only.
  expect(receivedMbit(probe, 'a2', begun, to, address(plan, 'a2', 'use1-a-primary'))).toBeLessThanOrEqual(
    takenMbit(probe, 'a2', begun, to),
  );
  // The end is proved by the queue: everything that stood in it has left.
  expect(end?.backlogAtRestoreBytes).toBeGreaterThan(10_000);
  expect(end?.drainedAt).toBeGreaterThan(restoredAt);

  // Connections live on, every ping is answered in the end, and the wait was real.
  for (const { pings, closedAt } of [misrouted, innocent]) {
    expect(closedAt).toBeNull();
    expect(pings.filter(([, answer]) => answer === null)).toEqual([]);
  }
  const rtt = (pings: Pings['pings'], fromMs: number, toMs: number): number[] =>
    pings.filter(([sent]) => sent >= fromMs && sent < toMs).map(([sent, answer]) => (answer ?? 0) - sent);
  const median = (values: number[]): number =>
    values.sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
  // A first-in-first-out queue makes every byte wait for what stands before it: backlog ÷ rate. Reno fills the queue and
  // halves its windows again, so both sides are medians over the same time.
  const waitMs = (median(backlogs) * 8) / (frameBitsPerSecond(asked) / 1000);
  expect(waitMs).toBeGreaterThan(150);
  expect(median(rtt(misrouted.pings, from, to))).toBeGreaterThan(0.7 * waitMs);
  expect(median(rtt(innocent.pings, from, to))).toBeLessThan(0.4 * waitMs);
  // What the flood left in queues stands in the primary's own again, as before the fault; when it is gone, nothing waits.
  const afterMs = median(rtt(misrouted.pings, emptyAt + 200, emptyAt + 2_000));
  console.error(`round trips: ${[median(rtt(misrouted.pings, from, to)), afterMs].map(Math.round).join(' -> ')} ms`);
  expect(afterMs).toBeLessThan(0.4 * waitMs);
});

test('revert is idempotent, and reverting what was never applied changes nothing', async () => {
  const kept = misroute('kept');
  await kept.revert();
  await kept.revert();
  expect(await kept.probe()).toBe(0);
  expect(await verifyRest(probe.lab)).toEqual([]);
});

test('a misroute with connections closed closes them, and new ones go over the thin network', async () => {
  const { lab, plan } = probe;
  const closed = misroute('closed');
  const thin = lab.router('a-replication');
  const ping = probe.exec<Pings>('a1', 'ping.ts', [...dial(plan, 'a1->a2@primary'), 50, 3]);
  await delay(1_500);
  await closed.apply();
  const appliedAt = monotonicMs();
  expect(await closed.probe()).toBe(1);
  const before = await thin.shell.queue();
  await probe.exec('a1', 'flood.ts', [...dial(plan, 'a1->a2@primary'), 1, 2]);
  const after = await thin.shell.queue();
  expect(payloadBytes(after.frameBytes - before.frameBytes)).toBeGreaterThan(1_000_000);
  const { closedAt } = await ping;
  expect(closedAt).not.toBeNull();
  expect(Math.abs((closedAt ?? 0) - appliedAt)).toBeLessThan(500);
  await closed.revert();
  expect(await closed.probe()).toBe(0);
  expect(await verifyRest(lab)).toEqual([]);
  // What the detour had taken from the first flood drains first; after that, nothing new comes.
  const idle = await restingQueue(thin);
  await probe.exec('a1', 'flood.ts', [...dial(plan, 'a1->a2@primary'), 1, 1]);
  // An address resolution may pass; a byte of the flood may not.
  expect((await thin.shell.queue()).frameBytes - idle.frameBytes).toBeLessThan(1_000);
});

/** Bytes that stand in a router's queue, twenty times a second for so long. */
async function backlogsFor(router: Router, ms: number): Promise<number[]> {
  const backlogs: number[] = [];
  for (const until = monotonicMs() + ms; monotonicMs() < until; await delay(50)) {
    backlogs.push((await router.shell.queue()).backlogBytes);
  }
  return backlogs;
}

/** When nothing but pings has stood in a router's queue for half a second. */
async function emptied(router: Router): Promise<number> {
  let since = monotonicMs();
  for (const until = since + 12_000; monotonicMs() < until; await delay(50)) {
    if ((await router.shell.queue()).backlogBytes > 5_000) since = monotonicMs();
    else if (monotonicMs() - since > 500) return monotonicMs();
  }
  throw new Error(`the queue of ${router.id} is not empty`);
}

/** The queue's counters once nothing has left it for a second. */
async function restingQueue(router: Router): Promise<QueueSample> {
  let last = await router.shell.queue();
  for (let seconds = 0; seconds < 30; seconds += 1) {
    await delay(1_000);
    const now = await router.shell.queue();
    if (now.frameBytes === last.frameBytes && now.backlogBytes === 0) return now;
    last = now;
  }
  throw new Error(`the queue of ${router.id} does not come to rest`);
}

test('a cut closes the connections of its links, refuses new ones, and is put back', async () => {
  const { lab, plan } = probe;
  const fault = faultOn(lab, 'cut: { links: ["a1->a2@primary"], kind: refuse }', 'c1');
  const target = dial(plan, 'a1->a2@primary').join(':');
  const other = dial(plan, 'a1->a3@primary').join(':');
  const ping = probe.exec<Pings>('a1', 'ping.ts', [...dial(plan, 'a1->a2@primary'), 50, 3]);
  await delay(1_500);
  await fault.apply();
  expect(await fault.probe()).toBe(1);
  expect(await probe.exec('a1', 'reach.ts', [target, other])).toEqual({ [target]: 'refused', [other]: 'open' });
  expect((await ping).closedAt).not.toBeNull();
  await fault.revert();
  await fault.revert();
  expect(await fault.probe()).toBe(0);
  expect(await probe.exec('a1', 'reach.ts', [target])).toEqual({ [target]: 'open' });
});
