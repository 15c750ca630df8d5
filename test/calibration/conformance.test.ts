import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { TalkReport, WaitingReport } from '../../fixtures/probe/talk-protocol.ts';
import { bindFault } from '../../harness/fault/catalogue.ts';
import { verifyRest } from '../../harness/run/verify-rest.ts';
import type { Plan } from '../../harness/scenario/plan.ts';
import { monotonicMs } from '../../harness/time/monotonic.ts';
import { faultOn, faultsOf } from '../container/fault-of.ts';
import { dial, type ProbeLab, probesOnly, startProbeLab } from '../container/probe-lab.ts';
import { type FaultTimes, firstUsedAfter, overUnread, type Seen, seen } from './seen.ts';
import { talkRecords } from './talk-records.ts';
import { until } from './until.ts';

const LINK = 'a1->a2@primary';
const VERSION = '2.12.0';
let probe: ProbeLab;
beforeAll(async () => {
  probe = await startProbeLab(['a1', 'a2'], (plan) => wider(probesOnly(plan)));
});
afterAll(() => probe?.[Symbol.asyncDispose]());

/** Enough for all pages that are asked for at once, in a fraction of a second. */
const wider = (plan: Plan): Plan => ({
  ...plan,
  routers: plan.routers.map((one) => ({ ...one, capacityMbit: 1_000, queueBytes: 2_700_000 })),
});
const both = (end: string) => ({ source: end, destination: end });
const cut = (kind: string): string => `cut: { links: ["${LINK}"], kind: ${kind} }`;
const misroute = (connections: string): string =>
  `misroute: { zone: use1-a, nodes: [a2], connections: ${connections} }`;
/** After the revert of a fault that let no connection live. */
const NONE_LEFT = { open: both('-'), idle: '-', fresh: '-', later: 'answered' };
const ALL_GO_ON = { open: both('goes on'), idle: 'goes on', fresh: 'answered', later: 'answered' };
const ALL_CLOSED = { open: both('FIN'), idle: 'FIN', fresh: 'FIN', later: 'answered' };
/** `used`: dialled meanwhile, and first used after the revert. */
type Row = Seen & { readonly used: string };
const NOTHING_SENT = { up: '-', down: '-' };

/**
 * What both ends of a link see of each fault that cuts or moves it. This is the statement, for the Toxiproxy and the
 * kernel that run here: one that behaves in another way fails a row.
 *
 * - `reset`: Toxiproxy's two connections of a link are two sockets, and only the one on the source's side can be told
 *   from other links'; it is killed, and Toxiproxy closes the other as it would any, with FIN.
 * - `reset`, `blackhole`, `half-open`: their revert closes every connection that was open under them, idle ones too.
 * - Where it says FIN of `open`, it may be RST, when a message was on its way just then (`overUnread`).
 */
const TABLE: readonly (readonly [fault: string, Row])[] = [
  [
    cut('refuse'),
    { open: both('FIN'), idle: both('FIN'), sent: NOTHING_SENT, fresh: 'refused', healed: NONE_LEFT, used: '-' },
  ],
  [
    cut('reset'),
    {
      open: { source: 'RST', destination: 'FIN' },
      idle: { source: 'RST', destination: 'FIN' },
      sent: NOTHING_SENT,
      fresh: 'connects, then RST',
      healed: NONE_LEFT,
      used: 'RST',
    },
  ],
  [
    cut('blackhole'),
    {
      open: both('open'),
      idle: both('open'),
      sent: { up: 'lost', down: 'lost' },
      fresh: 'connects, then silence',
      healed: ALL_CLOSED,
      used: 'FIN',
    },
  ],
  [
    cut('stall'),
    {
      open: both('open'),
      idle: both('open'),
      sent: { up: 'held back', down: 'held back' },
      fresh: 'connects, then silence',
      healed: ALL_GO_ON,
      used: 'delivers all',
    },
  ],
  [
    cut('half-open'),
    {
      open: both('open'),
      idle: both('open'),
      sent: { up: 'lost', down: 'delivered' },
      fresh: 'connects, then silence',
      healed: ALL_CLOSED,
      used: 'FIN',
    },
  ],
  [
    cut('drop'),
    {
      open: both('open'),
      idle: both('open'),
      sent: { up: 'held back', down: 'held back' },
      fresh: 'no answer to SYN',
      healed: ALL_GO_ON,
      used: 'delivers all',
    },
  ],
  [
    misroute('kept'),
    {
      open: both('open'),
      idle: both('open'),
      sent: { up: 'delivered', down: 'delivered' },
      fresh: 'answered',
      healed: ALL_GO_ON,
      used: 'delivers all',
    },
  ],
  [
    misroute('closed'),
    {
      open: both('FIN'),
      idle: both('FIN'),
      sent: NOTHING_SENT,
      fresh: 'answered',
      healed: { ...NONE_LEFT, fresh: 'FIN' },
      used: 'FIN',
    },
  ],
];

const FAULT_MS = 1_500;
const TALK_SECONDS = 4.5;
/** When pages are asked for. */
const ASK_SECONDS = 3.5;
let rows = 0;

test('the table is of this Toxiproxy', async () => {
  for (const router of probe.lab.routers) {
    expect(JSON.parse(await router.api.version())).toEqual({ version: VERSION });
  }
});

test.each(TABLE)('%s', async (line, row) => {
  const { lab, plan } = probe;
  rows += 1;
  const name = `row${rows}`;
  const fault = faultOn(lab, line, name);
  const talk = probe.exec<TalkReport>('a1', 'talk.ts', [...dial(plan, LINK), name, TALK_SECONDS]);
  const pages = probe.exec<WaitingReport[]>('a1', 'waiting.ts', [...dial(plan, LINK), ASK_SECONDS]);
  const received = (of: string) => talkRecords(probe, `${name}.${of}`).filter((one) => one.event === 'received').length;
  await until('the conversations are under way', () => received('talking') >= 5 && received('idle') === 1);
  const applyingAt = monotonicMs();
  await fault.apply();
  const appliedAt = monotonicMs();
  expect(await fault.probe()).toBe(1);
  await delay(FAULT_MS);
  const revertingAt = monotonicMs();
  await fault.revert();
  const revertedAt = monotonicMs();
  expect(await fault.probe()).toBe(0);
  const report = await talk;
  // Beyond the end of the talk at its destination, whose lines come through the engine.
  await until(
    'the destination has printed everything',
    () => report.talking.end !== null || talkRecords(probe, report.talking.name).some((one) => one.event === 'end'),
  );
  const times = { applyingAt, appliedAt, revertingAt, revertedAt };
  const { used, ...expected } = row;
  const found = seen(report, talkRecords(probe), times);
  expect(found).toEqual(overUnread(expected, found, report, talkRecords(probe)));
  expect(firstUsedAfter(await pages, times)).toEqual({ dialledMeanwhile: used, dialledAnyTime: [] });
  expect(await verifyRest(lab)).toEqual([]);
});

/** One for each kind of cut, so that all can flap side by side. */
const FLAPPING = [
  ['refuse', 'a1->a2@primary', '-'],
  ['reset', 'a2->a1@primary', 'RST'],
  ['blackhole', 'a1->a2@replication', 'FIN'],
  ['stall', 'a2->a1@replication', 'delivers all'],
  ['half-open', 'a-instances->a1@primary', 'FIN'],
  ['drop', 'a-instances->a2@primary', 'delivers all'],
] as const;

test('flap: what was dialled during any of its cuts is closed at its end, or delivers all', async () => {
  const { lab, plan } = probe;
  const links = FLAPPING.map(async ([kind, link, used]) => {
    const pages = probe.exec<WaitingReport[]>(link.split('->')[0] ?? '', 'waiting.ts', [...dial(plan, link), 5]);
    const cuts: FaultTimes[] = [];
    const line = `flap: { links: ["${link}"], kind: ${kind}, down: 450ms, up: 250ms }`;
    const begin = monotonicMs() + 700;
    for (const planned of faultsOf(plan, line, `flap-${kind}`).slice(0, 5)) {
      const fault = bindFault(planned, lab);
      await delay(begin + planned.atSeconds * 1000 - monotonicMs());
      const applyingAt = monotonicMs();
      await fault.apply();
      const appliedAt = monotonicMs();
      await delay(begin + (planned.atSeconds + (planned.forSeconds ?? 0)) * 1000 - monotonicMs());
      const revertingAt = monotonicMs();
      await fault.revert();
      cuts.push({ applyingAt, appliedAt, revertingAt, revertedAt: monotonicMs() });
    }
    return [kind, firstUsedAfter(await pages, ...cuts), used] as const;
  });
  for (const [kind, found, used] of await Promise.all(links)) {
    expect(found, kind).toEqual({ dialledMeanwhile: used, dialledAnyTime: [] });
  }
  expect(await verifyRest(lab)).toEqual([]);
});

/** Faults that let connections live, each on a link of its own. */
const LESS = [
  ['a1->a2@primary', 'delay: { links: ["a1->a2@primary"], by: 200ms }'],
  ['a2->a1@primary', 'cap: { links: ["a2->a1@primary"], to: 2mbit }'],
  ['a1->a2@replication', 'capacity: { router: a-replication, to: 2mbit }'],
] as const;

test('delay, cap, capacity: what was dialled meanwhile delivers all, and a delay is on every connection', async () => {
  const { lab, plan } = probe;
  const [delayed] = LESS[0];
  const talk = probe.exec<TalkReport>('a1', 'talk.ts', [...dial(plan, delayed), 'delayed', 4]);
  const pages = LESS.map(([link]) =>
    probe.exec<WaitingReport[]>(link.split('->')[0] ?? '', 'waiting.ts', [...dial(plan, link), ASK_SECONDS]),
  );
  await until('the conversation is under way', () => talkRecords(probe, 'delayed.talking').length > 20);
  const faults = LESS.map(([, line], i) => faultOn(lab, line, `less-${i}`));
  const applyingAt = monotonicMs();
  for (const fault of faults) await fault.apply();
  const appliedAt = monotonicMs();
  await delay(FAULT_MS);
  const revertingAt = monotonicMs();
  for (const fault of faults) await fault.revert();
  const times = { applyingAt, appliedAt, revertingAt, revertedAt: monotonicMs() };
  for (const [i, found] of (await Promise.all(pages)).entries()) {
    const expected = { dialledMeanwhile: 'delivers all', dialledAnyTime: [] };
    expect(firstUsedAfter(found, times), LESS[i]?.[1]).toEqual(expected);
  }
  // Each round trip that begins and ends within the fault, on the connection that was open before and on new ones.
  const { talking, fresh } = await talk;
  expect(talking.end).toBeNull();
  const trips = [talking, ...fresh].map(({ sent, echoed }) => {
    const answers = new Map(echoed);
    return sent.map(([number, at]) => [at, (answers.get(number) ?? Number.POSITIVE_INFINITY) - at] as const);
  });
  const waits = (from: number, to: number): number[] =>
    trips.flatMap((some) => some.filter(([at]) => at > from && at < to).map(([, ms]) => ms));
  const meanwhile = waits(appliedAt, revertingAt - 450);
  expect(meanwhile.length).toBeGreaterThan(20);
  expect(meanwhile.filter((ms) => ms < 400)).toEqual([]);
  expect(Math.max(...waits(times.revertedAt + 50, times.revertedAt + 1_000))).toBeLessThan(200);
  expect(await verifyRest(lab)).toEqual([]);
});

/** `restart` is a kill that is put back by itself: here at once, and after a time in which Toxiproxy would still dial. */
test.each([
  ['kill', 2_000, 6.5],
  ['restart', 0, 5],
])(
  '%s: while the server is away each dial is refused, and the first one after it is ready is answered',
  async (name, downMs, seconds) => {
    const { lab, plan } = probe;
    const fault = faultOn(lab, 'kill: { containers: [a2] }', name);
    const talk = probe.exec<TalkReport>('a1', 'talk.ts', [...dial(plan, LINK), name, seconds]);
    const pages = probe.exec<WaitingReport[]>('a1', 'waiting.ts', [...dial(plan, LINK), seconds - 1]);
    await until('the conversation is under way', () => talkRecords(probe, `${name}.talking`).length > 10);
    const applyingAt = monotonicMs();
    await fault.apply();
    const appliedAt = monotonicMs();
    await delay(downMs);
    const revertingAt = monotonicMs();
    await fault.revert();
    const readyAt = (): number =>
      probe.records.find((one) => one.kind === 'ready' && one.source === 'a2' && one.t > applyingAt)?.t ?? 0;
    await until('it is ready again', () => readyAt() > 0);
    const { talking, idle, fresh } = await talk;
    expect(talking.end?.how).toMatch(/FIN|RST/);
    expect(idle.end?.how).toBe('FIN');
    const meanwhile = fresh.filter((one) => one.dialledAt > appliedAt && one.dialledAt < readyAt());
    expect(meanwhile.length).toBeGreaterThan(0);
    expect(meanwhile.filter((one) => one.end?.how !== 'refused')).toEqual([]);
    const later = fresh.filter((one) => one.dialledAt > readyAt() + 200);
    expect(later.length).toBeGreaterThan(3);
    expect(later.filter((one) => one.echoed.length !== 1 || one.end !== null)).toEqual([]);
    const times = { applyingAt, appliedAt, revertingAt, revertedAt: readyAt() };
    expect(firstUsedAfter(await pages, times).dialledAnyTime).toEqual([]);
    expect(await verifyRest(lab)).toEqual([]);
  },
);

test('a reset is one for connections that send all the time too', async () => {
  const fault = faultOn(probe.lab, cut('reset'), 'busy');
  const ends = probe.exec('a1', 'ends.ts', [...dial(probe.plan, LINK), 40, 2, 2.5]);
  const [, port] = dial(probe.plan, LINK);
  const open = async () => (await probe.lab.router('a-primary').shell.connections()).get(port);
  await until('all are open', async () => (await open()) === 40);
  await delay(500);
  await fault.apply();
  await fault.revert();
  expect(await ends).toEqual({ RST: 40 });
  expect(await verifyRest(probe.lab)).toEqual([]);
});
