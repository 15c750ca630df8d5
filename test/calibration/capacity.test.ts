import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { payloadBytes } from '../../harness/fabric/capacity.ts';
import { monotonicMs } from '../../harness/time/monotonic.ts';
import { dial, type ProbeLab, startProbeLab } from '../container/probe-lab.ts';
import { receivedMbit } from './receiver.ts';

let probe: ProbeLab;
beforeAll(async () => {
  probe = await startProbeLab(['a1', 'a2', 'a3']);
});
afterAll(() => probe?.[Symbol.asyncDispose]());

const WARM_UP_MS = 1_500;
const MEASURED_MS = 5_000;

/** Floods a link and measures at the receiver and in the router's queue over the same seconds. */
async function measure(
  link: string,
  router: string,
  connections: number,
): Promise<{ receiver: number; queue: number }> {
  const [source = '', rest = ''] = link.split('->');
  const destination = rest.split('@')[0] ?? '';
  const seconds = (WARM_UP_MS + MEASURED_MS) / 1000 + 0.5;
  const flood = probe.exec(source, 'flood.ts', [...dial(probe.plan, link), connections, seconds]);
  await delay(WARM_UP_MS + 300);
  const from = monotonicMs();
  const before = await probe.lab.router(router).queue();
  await delay(MEASURED_MS);
  const to = monotonicMs();
  const after = await probe.lab.router(router).queue();
  await flood;
  const queue = (payloadBytes(after.frameBytes - before.frameBytes) * 8) / 1000 / (to - from);
  return { receiver: receivedMbit(probe, destination, from, to), queue };
}

test.each([
  ['a1->a2@replication', 'a-replication', 1],
  ['a1->a2@replication', 'a-replication', 8],
  ['a1->a3@primary', 'a-primary', 1],
  ['a1->a3@primary', 'a-primary', 8],
] as const)(
  '%s: what arrives is the capacity asked for, over %s with %i connections',
  async (link, router, connections) => {
    const asked = probe.lab.router(router).plan.capacityMbit;
    const { receiver, queue } = await measure(link, router, connections);
    console.error(
      `${link} × ${connections}: asked ${asked}, receiver ${receiver.toFixed(2)}, queue ${queue.toFixed(2)} Mbit/s`,
    );
    // Two independent counts, of the receiving program and of the kernel, and both against what was asked.
    expect(receiver / asked).toBeGreaterThan(0.95);
    expect(receiver / asked).toBeLessThan(1.03);
    expect(queue / receiver).toBeGreaterThan(0.97);
    expect(queue / receiver).toBeLessThan(1.05);
  },
);

test('a capacity is shared: two links of one router get one capacity together', async () => {
  const asked = probe.lab.router('a-replication').plan.capacityMbit;
  const links = ['a1->a2@replication', 'a1->a3@replication'] as const;
  const floods = links.map((link) => probe.exec('a1', 'flood.ts', [...dial(probe.plan, link), 4, 7]));
  await delay(WARM_UP_MS + 300);
  const from = monotonicMs();
  await delay(MEASURED_MS);
  const to = monotonicMs();
  await Promise.all(floods);
  const together = receivedMbit(probe, 'a2', from, to) + receivedMbit(probe, 'a3', from, to);
  console.error(`two links: asked ${asked}, together ${together.toFixed(2)} Mbit/s`);
  expect(together / asked).toBeGreaterThan(0.95);
  expect(together / asked).toBeLessThan(1.03);
});
