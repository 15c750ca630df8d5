import { expect, test } from 'vitest';
import { checkFabric } from '../../../harness/check/check-fabric.ts';
import { History } from '../../../harness/history/history.ts';
import type { HistoryRecord, Ping, TriedConnection } from '../../../harness/history/records.ts';
import type { Fabric } from '../../../harness/measure/fabric.ts';
import { measureFabric } from '../../../harness/measure/fabric.ts';
import { frameOf } from '../../../harness/measure/frame.ts';
import { measureRun } from '../../../harness/measure/measure-run.ts';
import type { Experience, Plan, PlanFault, PlanLink } from '../../../harness/scenario/plan.ts';
import { phase, queue, runEnd, runStart, fault as told } from './record-builders.ts';
import { planFault, smallPlan } from './small-plan.ts';

const LINK: PlanLink = {
  id: 'a1->a2@primary',
  source: 'a1',
  destination: 'a2',
  plane: 'primary',
  router: 'a-primary',
  listen: { ip: '198.18.0.3', port: 20_000 },
  upstream: { ip: '198.18.0.9', port: 7000 },
};
const REFUSE: Experience = { open: 'closed', fresh: 'refused', addedRttMs: 0, capacityMbit: null };
const GAUGE = {
  id: 'a-gauge',
  service: 'g',
  zone: 'use1-a',
  role: 'gauge',
  command: [],
  attachments: [],
  disks: [],
} as const;

function planWith(...faults: readonly PlanFault[]): Plan {
  const plan = smallPlan({ faults });
  return {
    ...plan,
    routers: plan.routers.filter((router) => router.id === 'a-primary'),
    containers: [...plan.containers, GAUGE],
    links: [LINK],
    witnesses: [{ link: LINK.id, listenPort: 30_000, port: 7300 }],
  };
}
const cut = (experience: Experience, id = 'cut-1'): PlanFault =>
  planFault(id, { experience, targets: { zone: 'use1-a', routers: ['a-primary'], links: [LINK.id], containers: [] } });

/** Baseline from 10 s, the fault from 20 s to 23 s, the end at 30 s. */
const RUN: readonly HistoryRecord[] = [
  runStart(9_000),
  ...phase('baseline', 10_000, 20_000),
  ...phase('misroute', 20_000, 23_000),
  ...phase('storm', 23_000, 30_000),
  told('cut-1', 'applied', 20_000),
  { ...told('cut-1', 'reverted', 22_990), state: 'reverting' } as HistoryRecord,
  told('cut-1', 'reverted', 23_000),
  { kind: 'final-state', t: 30_000, source: 'harness', problems: [] },
  { kind: 'links', t: 31_000, source: 'a-primary', bytes: [[LINK.id, 12_345]] },
  path(100.4),
  runEnd(32_000),
];

function path(receivedMbit: number): HistoryRecord {
  const rest = { rttP50Ms: 0.2, rttP99Ms: 0.9, connectMs: 1, drainMs: 3 };
  return { kind: 'gauge.path', t: 9_500, source: 'a-gauge', plane: 'primary', receivedMbit, ...rest };
}

/** Pings every 50 ms, new connections every 250 ms. `during`: while the fault is in force. */
function witness(
  during: { readonly ping: number | null; readonly tried: TriedConnection[1]; readonly closed?: boolean },
  idle = 1,
): HistoryRecord {
  const pings: Ping[] = [];
  const tried: TriedConnection[] = [];
  for (let t = 15_000; t < 29_000; t += 50) {
    const inForce = t >= 20_000 && t < 23_000;
    pings.push([t, inForce ? during.ping : idle]);
    if (t % 250 === 0) tried.push([t, inForce ? during.tried : 'answered', 1]);
  }
  const closed: [number, 'fin'][] = during.closed === true ? [[20_003, 'fin']] : [];
  return { kind: 'witness', t: 29_500, source: 'a1', link: LINK.id, pings, tried, closed };
}

const fabricOf = (plan: Plan, records: readonly HistoryRecord[]): Fabric =>
  measureFabric(frameOf(plan, new History(records)));
const problemsOf = (plan: Plan, records: readonly HistoryRecord[]): string[] =>
  checkFabric(measureRun(plan, records)).map(({ what }) => what);

test('a run whose fabric did as asked has no problem', () => {
  const records = [...RUN, witness({ ping: null, tried: 'refused', closed: true })];
  const fabric = fabricOf(planWith(cut(REFUSE)), records);
  expect(fabric.experiences).toMatchObject([{ fault: 'cut-1', seenOpen: 'closed', seenFresh: 'refused', holds: true }]);
  expect(fabric.paths).toMatchObject([{ router: 'a-primary', askedMbit: 100, receivedMbit: 100.4, deviation: 0.004 }]);
  expect(fabric.silentLinks).toEqual([]);
  expect(problemsOf(planWith(cut(REFUSE)), records)).toEqual([]);
});

test.each([
  ['goes on', { ping: 1, tried: 'refused' }, /found answers/],
  ['hears nothing', { ping: null, tried: 'refused' }, /found silent/],
  ['is closed, but a new one is answered', { ping: null, tried: 'answered', closed: true }, /refused and answered/],
] as const)('an open connection that %s under a refusal is a problem', (_, during, words) => {
  const [problem] = problemsOf(planWith(cut(REFUSE)), [...RUN, witness(during)]);
  expect(problem).toMatch(words);
});

test('a delay is held against what round trips grew by', () => {
  const asked: Experience = { open: 'answers', fresh: 'answered', addedRttMs: 100, capacityMbit: null };
  const seen = (ping: number) => problemsOf(planWith(cut(asked)), [...RUN, witness({ ping, tried: 'answered' })]);
  expect(seen(103)).toEqual([]);
  expect(seen(60)[0]).toMatch(/59 ms longer of 100 asked/);
  expect(seen(180)[0]).toMatch(/179 ms longer/);
});

/** A second cut of the run, as its records tell it. */
const from = (startT: number, endT: number): readonly HistoryRecord[] => [
  told('cut-2', 'applied', startT),
  told('cut-2', 'reverted', endT),
];
const OTHER: PlanFault = {
  ...cut(REFUSE, 'cut-2'),
  targets: { zone: 'use1-a', routers: [], links: [], containers: ['a2'] },
};

test.each([
  ['from before', 19_000, 22_000],
  ['from its first moment', 20_100, 22_000],
])('what another fault did to the same link %s is not judged', (_, startT, endT) => {
  const records = [...RUN, ...from(startT, endT), witness({ ping: null, tried: 'refused', closed: true })];
  const [seen] = fabricOf(planWith(cut(REFUSE), OTHER), records).experiences;
  expect(seen).toMatchObject({ holds: null, reason: expect.stringContaining('cut-2') });
});

test('a fault that did nothing before another one began is a problem', () => {
  const records = [...RUN, ...from(21_000, 22_000), witness({ ping: 1, tried: 'answered' })];
  const [seen] = fabricOf(planWith(cut(REFUSE), OTHER), records).experiences;
  expect(seen).toMatchObject({ holds: false, seenOpen: 'answers' });
});

test('a fault is judged by the time before another one began, where that is enough', () => {
  const late = (during: Parameters<typeof witness>[0]): HistoryRecord[] => [
    ...RUN,
    ...from(22_900, 22_990),
    witness(during),
  ];
  const seen = (during: Parameters<typeof witness>[0]) =>
    fabricOf(planWith(cut(REFUSE), OTHER), late(during)).experiences[0]?.holds;
  expect(seen({ ping: null, tried: 'refused', closed: true })).toBe(true);
  expect(seen({ ping: null, tried: 'answered', closed: true })).toBe(false);
});

test('a fault too short for a witness is not judged', () => {
  const short = RUN.map((record) =>
    record.kind === 'fault' && record.state !== 'applied' ? { ...record, t: 20_200 } : record,
  );
  const [seen] = fabricOf(planWith(cut(REFUSE)), [...short, witness({ ping: 1, tried: 'answered' })]).experiences;
  expect(seen).toMatchObject({ holds: null, reason: 'in force too shortly to tell' });
});

test.each([
  ['witness', 'the witness of a1->a2@primary in a1', { pinger: 21_000, echo: 32_000 }],
  ['echo', 'the echo of a1->a2@primary in a2', { pinger: 32_000, echo: 21_000 }],
] as const)('a %s that dies while the fault is in force is a problem, and is named', (_, who, until) => {
  const seen = witness({ ping: null, tried: 'refused', closed: true }) as Extract<HistoryRecord, { kind: 'witness' }>;
  const cutOff = {
    ...seen,
    t: Math.min(seen.t, until.pinger),
    pings: seen.pings.filter(([t]) => t < until.pinger),
    tried: seen.tried.filter(([t]) => t < until.pinger),
  };
  const records = [...RUN, cutOff, ...echoes(until.echo)];
  const [experience] = fabricOf(planWith(cut(REFUSE)), records).experiences;
  expect(experience).toMatchObject({ holds: null, missing: [expect.stringContaining(who)] });
  expect(problemsOf(planWith(cut(REFUSE)), records)[0]).toContain(who);
});

test('a witness in a container that a fault silences is excused for as long', () => {
  const frozen = planFault('pause-1', {
    silences: ['a2'],
    targets: { zone: 'use1-a', routers: [], links: [], containers: ['a2'] },
  });
  const records = [
    ...RUN,
    told('pause-1', 'applied', 20_500),
    { ...told('pause-1', 'reverted', 25_990), state: 'reverting' } as HistoryRecord,
    witness({ ping: null, tried: 'refused', closed: true }),
    ...echoes(32_000).filter(({ t }) => t < 20_500 || t > 26_000),
  ];
  const [experience] = fabricOf(planWith(cut(REFUSE), frozen), records).experiences;
  expect(experience).toMatchObject({ holds: null, reason: expect.stringContaining('pause-1') });
  expect(experience?.missing).toBeUndefined();
});

test('an echo that a kill ended is excused until it is back, and proves no later cut if it never is', () => {
  const stall: Experience = { open: 'silent', fresh: 'silent', addedRttMs: 0, capacityMbit: null };
  const killed = planFault('kill-1', {
    silences: ['a2'],
    targets: { zone: 'use1-a', routers: [], links: [], containers: ['a2'] },
  });
  const seenWith = (isUp: (t: number) => boolean) => {
    const records = [
      ...RUN,
      told('kill-1', 'applied', 12_000),
      { ...told('kill-1', 'reverted', 12_990), state: 'reverting' } as HistoryRecord,
      told('kill-1', 'reverted', 13_000),
      witness({ ping: null, tried: 'silent' }),
      ...echoes(32_000).filter(({ t }) => isUp(t)),
    ];
    return { seen: fabricOf(planWith(cut(stall), killed), records).experiences[0], records };
  };
  const never = seenWith((t) => t < 12_000);
  expect(never.seen).toMatchObject({ holds: null, missing: [expect.stringContaining('the echo of a1->a2@primary')] });
  expect(problemsOf(planWith(cut(stall), killed), never.records)[0]).toContain('said nothing for 17.0 s');
  // It came back late, which is the kill's doing; then it fell silent by itself, which is not.
  expect(seenWith((t) => t < 12_000 || t > 20_500).seen).toMatchObject({ holds: true });
  expect(seenWith((t) => t < 12_000 || (t > 15_000 && t < 18_000)).seen).toMatchObject({ holds: null });
});

test('a fault on whose links nobody looks is told as that', () => {
  const blind = { ...planWith(cut(REFUSE)), witnesses: [] };
  expect(fabricOf(blind, RUN)).toMatchObject({ experiences: [], unwitnessed: ['cut-1'] });
  expect(fabricOf(planWith(cut(REFUSE)), RUN).unwitnessed).toEqual([]);
});

test('a gauge is the witness of its own links', () => {
  const link: PlanLink = { ...LINK, id: 'a-gauge->a-gauge@primary', source: 'a-gauge', destination: 'a-gauge' };
  const own = cut(REFUSE);
  const plan = { ...planWith({ ...own, targets: { ...own.targets, links: [link.id] } }), links: [link], witnesses: [] };
  const seen = witness({ ping: null, tried: 'refused', closed: true });
  const gauge = { ...seen, kind: 'gauge', source: 'a-gauge', plane: 'primary', lagP99Ms: 1 } as HistoryRecord;
  expect(fabricOf(plan, [...RUN, gauge])).toMatchObject({ experiences: [{ holds: true }], unwitnessed: [] });
});

function echoes(until: number): HistoryRecord[] {
  const count = Math.floor((until - 9_000) / 500);
  return Array.from({ length: count }, (_, i) => ({ kind: 'witness.echo', t: 9_000 + i * 500, source: 'a2' }));
}

test('a capacity that the path had not before the run is a problem, and so is one that was not measured', () => {
  const without = RUN.filter((record) => record.kind !== 'gauge.path');
  const fine = witness({ ping: null, tried: 'refused', closed: true });
  expect(problemsOf(planWith(cut(REFUSE)), [...without, path(93), fine])[0]).toMatch(
    /carried 93 Mbit\/s before the run/,
  );
  expect(problemsOf(planWith(cut(REFUSE)), [...without, fine])[0]).toMatch(/not measured before the run/);
});

test('a router under a capacity fault: the most of any second, and whether the queue was full all along', () => {
  const asked: Experience = { open: 'answers', fresh: 'answered', addedRttMs: 0, capacityMbit: 20 };
  const targets = { zone: 'use1-a', routers: ['a-primary'], links: [], containers: [] };
  const plan = planWith(planFault('cut-1', { experience: asked, targets }));
  const sent = (mbit: number, backlog: number) =>
    Array.from({ length: 41 }, (_, i) =>
      queue('a-primary', 15_000 + 250 * i, (i * 0.25 * mbit * 1e6 * 1514) / 1448 / 8, backlog),
    );
  expect(fabricOf(plan, [...RUN, ...sent(20, 5000)]).capacities).toMatchObject([{ measuredMbit: 20, reached: true }]);
  expect(problemsOf(plan, [...RUN, ...sent(20, 5000)])).toEqual([]);
  expect(problemsOf(plan, [...RUN, ...sent(5, 0)])).toEqual([]);
  expect(problemsOf(plan, [...RUN, ...sent(5, 5000)])[0]).toMatch(/carried 5 Mbit\/s, asked 20/);
  expect(problemsOf(plan, [...RUN, ...sent(25, 0)])[0]).toMatch(/carried 25 Mbit\/s, asked 20/);
});

test('the bucket that is full when a capacity is set counts in the first second, which begins with the change', () => {
  const asked: Experience = { open: 'answers', fresh: 'answered', addedRttMs: 0, capacityMbit: 2 };
  const targets = { zone: 'use1-a', routers: ['a-primary'], links: [], containers: [] };
  const plan = planWith(planFault('cut-1', { experience: asked, targets }));
  const frames = (mbit: number, ms: number) => (mbit * ms * 1000 * 1514) / 1448 / 8;
  const BUCKET = 62_000;
  // Looked at 50 ms after the change and then four times a second; the bucket has left by then.
  const sent = Array.from({ length: 30 }, (_, i) =>
    queue('a-primary', 20_040 + 250 * i, 1e6 + BUCKET + frames(2, 50 + 250 * i), 5_000),
  );
  const change = { ...queue('a-primary', 19_990, 1e6, 0), reshaped: true } as HistoryRecord;
  expect(fabricOf(plan, [...RUN, ...sent]).capacities[0]).not.toHaveProperty('firstSecondMbit');
  // 62 kB of frames are 0.474 Mbit of payload; the second ends with the first sample after it, 1,050 ms.
  expect(fabricOf(plan, [...RUN, change, ...sent]).capacities).toMatchObject([
    { measuredMbit: 2, firstSecondMbit: 2.452, reached: true },
  ]);
});

test('of capacities that overlap the least is in force, and each is judged where it is that', () => {
  const asked = (id: string, mbit: number): PlanFault =>
    planFault(id, {
      experience: { open: 'answers', fresh: 'answered', addedRttMs: 0, capacityMbit: mbit },
      targets: { zone: 'use1-a', routers: ['a-primary'], links: [], containers: [] },
    });
  const plan = planWith(asked('cut-1', 20), asked('cut-2', 10));
  // The whole run the queue is full: 20 Mbit/s from 15 s to 25 s, but for the half of it while both are in force.
  const rates = (lower: number): HistoryRecord[] => {
    let mbit = 0;
    return Array.from({ length: 61 }, (_, i) => {
      const t = 15_000 + 250 * i;
      mbit += 0.25 * (t > 20_000 && t <= 25_000 ? lower : 20);
      return queue('a-primary', t, (mbit * 1e6 * 1514) / 1448 / 8, 5_000);
    });
  };
  const both = (lower: number) => [
    ...RUN.filter((one) => one.kind !== 'fault'),
    told('cut-1', 'applied', 15_000),
    told('cut-2', 'applied', 20_000),
    { ...told('cut-2', 'reverted', 25_000), state: 'reverting' } as HistoryRecord,
    { ...told('cut-1', 'reverted', 29_900), state: 'reverting' } as HistoryRecord,
    ...rates(lower),
  ];
  expect(fabricOf(plan, both(10)).capacities).toMatchObject([
    { fault: 'cut-1', measuredMbit: 20, reached: true },
    { fault: 'cut-2', measuredMbit: 10, reached: true },
  ]);
  const ofCapacity = (records: HistoryRecord[]) => problemsOf(plan, records).filter((what) => what.includes('asked'));
  expect(ofCapacity(both(10))).toEqual([]);
  expect(ofCapacity(both(20))).toEqual(['cut-2: a-primary carried 20 Mbit/s, asked 10']);
  // The wider one in force only together with the narrower one is not judged, and is no problem.
  const nested = both(10).map((one) =>
    one.kind === 'fault' && one.id === 'cut-1' ? { ...one, t: one.state === 'applied' ? 20_100 : 24_900 } : one,
  );
  expect(fabricOf(plan, nested).capacities[0]).toMatchObject({
    measuredMbit: null,
    reason: expect.stringContaining('less'),
  });
  expect(ofCapacity(nested)).toEqual([]);
});

test('a cap on a link is a bound', () => {
  const asked: Experience = { open: 'answers', fresh: 'answered', addedRttMs: 0, capacityMbit: 2 };
  const dose = (measured: number): HistoryRecord => ({
    kind: 'dose',
    t: 22_980,
    source: 'harness',
    fault: 'cut-1',
    what: LINK.id,
    unit: 'Mbit/s',
    asked: 2,
    measured,
    bound: 'most',
  });
  const fine = witness({ ping: 1, tried: 'answered' });
  expect(problemsOf(planWith(cut(asked)), [...RUN, dose(0.3), fine])).toEqual([]);
  expect(problemsOf(planWith(cut(asked)), [...RUN, dose(2.5), fine])[0]).toMatch(/carried 2.5 Mbit\/s, asked 2/);
});

test('links that no byte crossed are told, and a fault on nothing else is a problem', () => {
  const fine = witness({ ping: null, tried: 'refused', closed: true });
  const silent = RUN.map((record) =>
    record.kind === 'links' ? { ...record, bytes: [[LINK.id, 0] as const] } : record,
  );
  expect(fabricOf(planWith(cut(REFUSE)), [...silent, fine]).silentLinks).toEqual([LINK.id]);
  expect(problemsOf(planWith(cut(REFUSE)), [...silent, fine])[0]).toMatch(/no byte ever crossed/);
  const uncounted = RUN.filter((record) => record.kind !== 'links');
  expect(fabricOf(planWith(cut(REFUSE)), uncounted)).toMatchObject({ silentLinks: null, idleFaults: [] });
});

test.each([
  [
    'replaced a router',
    { kind: 'router.replaced', t: 21_000, source: 'a-primary', reason: 'no answer' },
    /was replaced/,
  ],
  [
    'left something behind',
    { kind: 'final-state', t: 30_001, source: 'harness', problems: ['a3 is frozen'] },
    /a3 is frozen/,
  ],
  [
    'could not read a fault',
    { ...told('cut-1', 'applied', 22_980, 'no answer'), state: 'unread' },
    /not be read.*no answer/,
  ],
  ['lost a fault before its time', { ...told('cut-1', 'applied', 22_980), state: 'slipped' }, /not in force any more/],
] as const)('a run that %s is marked', (_, record, words) => {
  const fine = witness({ ping: null, tried: 'refused', closed: true });
  expect(problemsOf(planWith(cut(REFUSE)), [...RUN, record as HistoryRecord, fine])[0]).toMatch(words);
});

test('a completed run whose final state nobody read is a problem', () => {
  const fine = witness({ ping: null, tried: 'refused', closed: true });
  const unread = RUN.filter((record) => record.kind !== 'final-state');
  expect(problemsOf(planWith(cut(REFUSE)), [...unread, fine])).toEqual(['the final state was not read back']);
});
