import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Message, SourceReport, TalkReport } from '../../fixtures/probe/talk-protocol.ts';
import { verifyRest } from '../../harness/run/verify-rest.ts';
import type { Plan, PlanRouter } from '../../harness/scenario/plan.ts';
import { monotonicMs } from '../../harness/time/monotonic.ts';
import { faultOn } from '../container/fault-of.ts';
import { dial, type ProbeLab, probesOnly, startProbeLab } from '../container/probe-lab.ts';
import { type Flood, saturate } from './saturate.ts';
import { talkRecords } from './talk-records.ts';
import { until } from './until.ts';

const NODES = ['a1', 'a2', 'a3'];
/**
 * One connection that loses packets to a full queue stands still until it has sent them again: over 5 s it had 93 % to
 * 104 % of its cap, over 25 s 99 % to 100 % (six rounds).
 */
const CAPPED_MS = 20_000;
let probe: ProbeLab;

const changePrimary = (plan: Plan, change: Partial<PlanRouter>): Plan => ({
  ...plan,
  routers: plan.routers.map((one) => (one.id === 'a-primary' ? { ...one, ...change } : one)),
});
const target = (link: string): string => dial(probe.plan, link).join(':');
async function reach(from: string, link: string): Promise<string | undefined> {
  return (await probe.exec<Record<string, string>>(from, 'reach.ts', [target(link)]))[target(link)];
}
const talkOver = (link: string, name: string, seconds: number): Promise<TalkReport> =>
  probe.exec<TalkReport>(link.split('->')[0] ?? '', 'talk.ts', [...dial(probe.plan, link), name, seconds]);
const underWay = (name: string): Promise<void> =>
  until('the conversation is under way', () => talkRecords(probe, `${name}.talking`).length > 10);

/** ms that each message took which is in both lists. */
function waits(sent: readonly Message[], arrived: readonly Message[]): number[] {
  const at = new Map(arrived);
  return sent.flatMap(([number, t]) => (at.has(number) ? [(at.get(number) ?? 0) - t] : []));
}
/** Of the values in order, the one at a share of the way; what a busy machine adds is beyond the last quarter. */
const quantile = (values: readonly number[], share: number): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length * share)] ?? Number.NaN;
const median = (values: readonly number[]): number => quantile(values, 0.5);
const spread = (values: readonly number[]): number => quantile(values, 0.75) - quantile(values, 0.25);
const numbers = (messages: readonly Message[]): number[] => messages.map(([number]) => number);

describe('with the kernel’s queues', () => {
  beforeAll(async () => {
    // The queue is 67 ms deep at the least capacity that is measured here; see `capacity.test.ts`.
    probe = await startProbeLab(NODES, (plan) => changePrimary(probesOnly(plan), { queueBytes: 250_000 }));
  });
  afterAll(() => probe?.[Symbol.asyncDispose]());

  test('cap: each link has its own capacity, whatever the number of its connections; the others keep theirs', async () => {
    const cap = faultOn(probe.lab, 'cap: { links: ["a1->a2@primary", "a1->a3@primary"], to: 2mbit }', 'cap');
    await cap.apply();
    const floods: Flood[] = [
      ['a1->a2@primary', 1],
      ['a1->a3@primary', 4],
      ['a2->a1@primary', 4],
    ];
    const [one, four, other] = await saturate(probe, floods, { measuredMs: CAPPED_MS });
    console.error(
      `cap: asked 2, ${one?.toFixed(3)} by one, ${four?.toFixed(3)} by four, other ${other?.toFixed(1)} Mbit/s`,
    );
    await cap.revert();
    for (const rate of [one, four]) {
      expect((rate ?? 0) / 2).toBeGreaterThan(0.95);
      expect((rate ?? 0) / 2).toBeLessThan(1.05);
    }
    // What the two leave of the router's 120 Mbit/s.
    expect(other).toBeGreaterThan(0.95 * 116);
    expect(await verifyRest(probe.lab)).toEqual([]);
  });

  test('delay: each way takes so much longer, with a spread if asked for, and bytes stay in order', async () => {
    const even = faultOn(probe.lab, 'delay: { links: ["a1->a2@primary"], by: 50ms }', 'even');
    const uneven = faultOn(probe.lab, 'delay: { links: ["a1->a3@primary"], by: 50ms, jitter: 20ms }', 'uneven');
    const base = await talkOver('a1->a2@primary', 'base', 1.5);
    await even.apply();
    await uneven.apply();
    const [still, jittery] = await Promise.all([
      talkOver('a1->a2@primary', 'even', 6),
      talkOver('a1->a3@primary', 'uneven', 6),
    ]);
    await uneven.revert();
    await even.revert();
    const healed = await talkOver('a1->a3@primary', 'healed', 1);

    const rtt = ({ talking }: TalkReport): number[] => waits(talking.sent, talking.echoed);
    const up = ({ talking }: TalkReport): number[] => waits(talking.sent, of(talking, 'received'));
    const down = ({ talking }: TalkReport): number[] => waits(of(talking, 'sent'), talking.unasked);
    console.error(
      `delay: round trip ${median(rtt(base)).toFixed(1)}, with 50: ${median(rtt(still)).toFixed(1)} ms; with 50 ± 20: ` +
        `${median(rtt(jittery)).toFixed(1)}, one way ${median(up(jittery)).toFixed(1)} and ` +
        `${median(down(jittery)).toFixed(1)}, half of them within ${spread(up(jittery)).toFixed(1)} and ` +
        `${spread(down(jittery)).toFixed(1)} ms`,
    );
    expect(rtt(still).length).toBeGreaterThan(80);
    expect(Math.abs(median(rtt(still)) - median(rtt(base)) - 100)).toBeLessThan(5);
    expect(Math.min(...rtt(still))).toBeGreaterThan(99);
    for (const way of [up, down]) {
      expect(Math.abs(median(way(still)) - 50)).toBeLessThan(4);
      expect(Math.abs(median(way(jittery)) - 50)).toBeLessThan(8);
      // Uniform over 40 ms: half of them within 20.
      expect(spread(way(jittery))).toBeGreaterThan(13);
      expect(spread(way(jittery))).toBeLessThan(27);
      expect(Math.min(...way(jittery))).toBeGreaterThan(29);
    }
    for (const { talking } of [still, jittery]) {
      expect(numbers(talking.echoed)).toEqual(talking.echoed.map((_, i) => i));
      expect(numbers(talking.unasked)).toEqual(talking.unasked.map((_, i) => i));
    }
    expect(median(rtt(healed))).toBeLessThan(median(rtt(base)) + 5);
    expect(await verifyRest(probe.lab)).toEqual([]);
  });

  test('capacity: a quarter of a router’s capacity is what arrives, and after the revert the whole', async () => {
    const asked = probe.lab.router('a-primary').plan.capacityMbit;
    const fault = faultOn(probe.lab, 'capacity: { router: a-primary, to: 25% }', 'quarter');
    await fault.apply();
    const [quarter = 0] = await saturate(probe, [['a1->a3@primary', 4]]);
    await fault.revert();
    const [whole = 0] = await saturate(probe, [['a1->a3@primary', 4]]);
    console.error(`capacity: asked ${asked / 4}, ${quarter.toFixed(2)}; then ${asked}, ${whole.toFixed(2)} Mbit/s`);
    for (const rate of [quarter / (asked / 4), whole / asked]) {
      expect(rate).toBeGreaterThan(0.97);
      expect(rate).toBeLessThan(1.03);
    }
    expect(await verifyRest(probe.lab)).toEqual([]);
  });

  test('half-open: everything is taken from the source, and nothing arrives', async () => {
    const fault = faultOn(probe.lab, 'cut: { links: ["a1->a2@primary"], kind: half-open }', 'half');
    const total = (): number => {
      const last = probe.records.filter((one) => one.kind === 'probe' && one.source === 'a2').at(-1);
      return last?.kind === 'probe' ? Object.values(last.receivedBytes).reduce((sum, bytes) => sum + bytes, 0) : 0;
    };
    await delay(300);
    const before = total();
    await fault.apply();
    const { sent } = await probe.exec<{ sent: number }>('a1', 'flood.ts', [
      ...dial(probe.plan, 'a1->a2@primary'),
      1,
      1,
    ]);
    await delay(300);
    expect(sent).toBeGreaterThan(20_000_000);
    expect(total()).toBe(before);
    await fault.revert();
    expect(await verifyRest(probe.lab)).toEqual([]);
  });

  test('cpu: a busy program gets so much of a CPU and no more', async () => {
    const fault = faultOn(probe.lab, 'cpu: { containers: [a1], to: 0.2 }', 'cpu');
    await fault.apply();
    const starved = await probe.exec<{ share: number }>('a1', 'busy.ts', [4]);
    await fault.revert();
    const free = await probe.exec<{ share: number }>('a1', 'busy.ts', [1]);
    console.error(`cpu: asked 0.2, got ${starved.share.toFixed(3)}; without it ${free.share.toFixed(2)}`);
    expect(starved.share).toBeGreaterThan(0.16);
    expect(starved.share).toBeLessThan(0.24);
    // Otherwise the machine was too busy for the first number to say anything.
    expect(free.share).toBeGreaterThan(0.3);
    expect(await verifyRest(probe.lab)).toEqual([]);
  });

  test('pause: a frozen node answers nothing, and everything when it goes on', async () => {
    const fault = faultOn(probe.lab, 'pause: { containers: [a2] }', 'pause');
    const talk = talkOver('a1->a2@primary', 'pause', 4.5);
    await underWay('pause');
    await fault.apply();
    const frozenAt = monotonicMs();
    await delay(1_500);
    const thawingAt = monotonicMs();
    await fault.revert();
    const { talking, fresh } = await talk;
    expect(talking.end).toBeNull();
    const inside = (t: number): boolean => t > frozenAt && t < thawingAt;
    expect(talking.sent.filter(([, t]) => inside(t)).length).toBeGreaterThan(20);
    expect([...talking.echoed, ...talking.unasked].filter(([, t]) => inside(t))).toEqual([]);
    expect(numbers(talking.echoed)).toEqual(numbers(talking.sent));
    // Its kernel goes on accepting.
    const dialled = fresh.filter((one) => inside(one.dialledAt) && one.dialledAt < thawingAt - 200);
    expect(dialled.length).toBeGreaterThan(4);
    for (const one of dialled) {
      expect(one.connectedAt).toBeLessThan(thawingAt);
      expect(one.echoed[0]?.[1]).toBeGreaterThan(thawingAt);
    }
    expect(await verifyRest(probe.lab)).toEqual([]);
  });

  test('isolate: inside the set all goes on, across its border nothing does', async () => {
    const fault = faultOn(probe.lab, 'isolate: { containers: [a2, a3], kind: drop }', 'isolate');
    const talk = talkOver('a2->a3@primary', 'inside', 4.5);
    await underWay('inside');
    await fault.apply();
    expect(await fault.probe()).toBe(1);
    const across = probe.plan.links.filter(
      ({ source, destination }) =>
        [source, destination].some((end) => NODES.includes(end)) &&
        ['a2', 'a3'].includes(source) !== ['a2', 'a3'].includes(destination),
    );
    expect(across.length).toBeGreaterThan(8);
    const seen = await Promise.all(across.map(async ({ id, source }) => [id, await reach(source, id)]));
    expect(seen).toEqual(across.map(({ id }) => [id, 'silent']));
    expect(await reach('a2', 'a2->a3@replication')).toBe('open');
    const { talking } = await talk;
    await fault.revert();
    expect(talking.end).toBeNull();
    expect(numbers(talking.echoed)).toEqual(numbers(talking.sent));
    expect(Math.max(...waits(talking.sent, talking.echoed))).toBeLessThan(800);
    for (const { id, source } of across.slice(0, 3)) expect(await reach(source, id)).toBe('open');
    expect(await verifyRest(probe.lab)).toEqual([]);
  });
});

describe('without the right to shape traffic', () => {
  const CAPACITY = 8;
  beforeAll(async () => {
    const thinner = (plan: Plan): Plan => changePrimary(probesOnly(plan), { capacityMbit: CAPACITY });
    probe = await startProbeLab(NODES, thinner, 'toxiproxy');
  });
  afterAll(() => probe?.[Symbol.asyncDispose]());

  test.each([
    ['one connection', [['a1->a2@primary', 1]]],
    ['4 connections', [['a1->a2@primary', 4]]],
    ['8 connections', [['a1->a2@primary', 8]]],
    [
      'two links with 4 connections each',
      [
        ['a1->a2@primary', 4],
        ['a1->a3@primary', 4],
      ],
    ],
  ] as const)('a router’s capacity is shared by %s', async (what, floods) => {
    const rates = await saturate(probe, floods, { measuredMs: 3_500 });
    const together = rates.reduce((sum, rate) => sum + rate, 0);
    console.error(`${what}: asked ${CAPACITY}, ${rates.map((rate) => rate.toFixed(3)).join(' + ')} Mbit/s`);
    expect(together / CAPACITY).toBeGreaterThan(0.95);
    expect(together / CAPACITY).toBeLessThan(1.05);
    expect(await verifyRest(probe.lab)).toEqual([]);
  });

  test('sharing by itself replaces no router, though connections come and go', () => {
    expect(probe.records.filter((one) => one.kind === 'router.replaced')).toEqual([]);
  });

  // Rates change at its begin and its end, right after floods: a Toxiproxy that hangs in that is replaced, and told.
  test('the capacity fault works', async () => {
    const fault = faultOn(probe.lab, 'capacity: { router: a-primary, to: 50% }', 'half');
    expect(fault.unable).toBeNull();
    await fault.apply();
    expect(await fault.probe()).toBe(1);
    const [rate = 0] = await saturate(probe, [['a1->a2@primary', 4]], { measuredMs: 3_500 });
    await fault.revert();
    expect(await fault.probe()).toBe(0);
    console.error(`capacity: asked ${CAPACITY / 2}, ${rate.toFixed(3)} Mbit/s`);
    expect(rate / (CAPACITY / 2)).toBeGreaterThan(0.95);
    expect(rate / (CAPACITY / 2)).toBeLessThan(1.05);
    expect(await verifyRest(probe.lab)).toEqual([]);
  });

  test('what needs the kernel says so, and names what does not', () => {
    const unable = (line: string): string | null => faultOn(probe.lab, line).unable;
    expect(unable('cut: { links: ["a1->a2@primary"], kind: drop }')).toMatch(/NET_ADMIN.*a-primary.*`stall`/);
    expect(unable('misroute: { zone: use1-a, nodes: [a2], connections: kept }')).toMatch(
      /NET_ADMIN.*`connections: closed`/,
    );
    expect(unable('cut: { links: ["a1->a2@primary"], kind: stall }')).toBeNull();
    expect(unable('misroute: { zone: use1-a, nodes: [a2], connections: closed }')).toBeNull();
  });
});

function of(talking: SourceReport, event: 'received' | 'sent'): Message[] {
  return talkRecords(probe, talking.name)
    .filter((one) => one.event === event)
    .map((one) => [one.number ?? -1, one.t]);
}
