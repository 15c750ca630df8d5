import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { TalkReport } from '../../fixtures/probe/talk-protocol.ts';
import { verifyRest } from '../../harness/run/verify-rest.ts';
import { monotonicMs } from '../../harness/time/monotonic.ts';
import { faultOn } from '../container/fault-of.ts';
import { dial, type ProbeLab, startProbeLab } from '../container/probe-lab.ts';
import { overUnread, type Seen, seen } from './seen.ts';
import { talkRecords } from './talk-records.ts';
import { until } from './until.ts';

const LINK = 'a1->a2@primary';
const VERSION = '2.12.0';
let probe: ProbeLab;
beforeAll(async () => {
  probe = await startProbeLab(['a1', 'a2']);
});
afterAll(() => probe?.[Symbol.asyncDispose]());

const both = (end: string) => ({ source: end, destination: end });
const cut = (kind: string): string => `cut: { links: ["${LINK}"], kind: ${kind} }`;
const misroute = (connections: string): string =>
  `misroute: { zone: use1-a, nodes: [a2], connections: ${connections} }`;
/** After the revert of a fault that let no connection live. */
const NONE_LEFT = { open: both('-'), idle: '-', fresh: '-', later: 'answered' };
const ALL_GO_ON = { open: both('goes on'), idle: 'goes on', fresh: 'answered', later: 'answered' };
const ALL_CLOSED = { open: both('FIN'), idle: 'FIN', fresh: 'FIN', later: 'answered' };
const NOTHING_SENT = { up: '-', down: '-' };

/**
 * What both ends of a link see of each fault that cuts or moves it. This is the statement, for the Toxiproxy and the
 * kernel that run here: one that behaves in another way fails a row.
 *
 * - `reset`: Toxiproxy's two connections of a link are two sockets, and only the one on the source's side can be told
 *   from other links'; it is killed, and Toxiproxy closes the other as it would any, with FIN.
 * - `blackhole`, `half-open`: their revert closes every connection that was open under them, idle ones too.
 * - Where it says FIN of `open`, it may be RST, when a message was on its way just then (`overUnread`).
 */
const TABLE: readonly (readonly [fault: string, Seen])[] = [
  [cut('refuse'), { open: both('FIN'), idle: both('FIN'), sent: NOTHING_SENT, fresh: 'refused', healed: NONE_LEFT }],
  [
    cut('reset'),
    {
      open: { source: 'RST', destination: 'FIN' },
      idle: { source: 'RST', destination: 'FIN' },
      sent: NOTHING_SENT,
      fresh: 'connects, then RST',
      healed: NONE_LEFT,
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
    },
  ],
];

const FAULT_MS = 1_500;
const TALK_SECONDS = 4.5;
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
  const found = seen(report, talkRecords(probe), times);
  expect(found).toEqual(overUnread(row, found, report, talkRecords(probe)));
  expect(await verifyRest(lab)).toEqual([]);
});

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
