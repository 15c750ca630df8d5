import { describe, expect, test } from 'vitest';
import { checkBaseline } from '../../../harness/check/check-baseline.ts';
import { resolveMetric } from '../../../harness/check/resolve-metric.ts';
import type {
  HistoryRecord,
  MultiZoneEvent,
  MultiZoneLedger,
  MultiZoneRecord,
} from '../../../harness/history/records.ts';
import { measureRun } from '../../../harness/measure/measure-run.ts';
import { isDual, measureMultiZone } from '../../../harness/measure/multi-zone.ts';
import { analyze } from '../../../harness/report/analyze.ts';
import { multiZoneRows } from '../../../harness/report/multi-zone-rows.ts';
import type { Plan } from '../../../harness/scenario/plan.ts';
import { fault } from './record-builders.ts';
import { smallPlan } from './small-plan.ts';
import { frameWith, smallRun } from './small-run.ts';

const small = smallPlan();
const pairOf = (i: number) => ({
  id: `mz-0${i}`,
  primary: { container: `a-mz-${i}`, zone: 'use1-a', volumes: [`va${i}`] },
  standby: { container: 'b-mz-standbys', zone: 'use1-b', volumes: ['vb1'] },
});
const plan: Plan = {
  ...small,
  load: { ...small.load, multiZoneDatabases: 4 },
  multiZoneDatabases: [1, 2, 3, 4].map(pairOf),
};

const told = (t: number, ...transactions: MultiZoneRecord['transactions']): HistoryRecord => ({
  kind: 'multiZone',
  source: 'database-clients',
  t,
  transactions,
  pending: [],
  receivedBytes: { primary: 0, replication: 0 },
  lagP99Ms: 1,
});
const event = (
  t: number,
  database: string,
  what: MultiZoneEvent['event'],
  reason: string | null = null,
  source = 'failover-agent',
): HistoryRecord => ({ kind: 'multiZone.event', source, t, database, event: what, reason });

type Served = MultiZoneLedger['served'];
const primaryOnly: Served = [{ instance: 'a', epoch: 1, count: 5, firstT: 11_000, lastT: 49_000 }];
const ledger = (database: string, served: Served = primaryOnly): HistoryRecord => ({
  kind: 'multiZone.ledger',
  source: 'database-clients',
  t: 51_000,
  database,
  acknowledged: [[1, 5]],
  lastBegun: 6,
  served,
});
const content = (database: string, transfers: [number, number][]): HistoryRecord[] =>
  (['primaries', 'mirrors'] as const).map((copy) => ({
    kind: 'database.content',
    source: 'reader',
    t: 52_000,
    database,
    copy,
    nodes: ['a1'],
    transfers,
    problem: null,
  }));

/** mz-01 fails over, mz-02 is refused and comes back, mz-03 is parted only, mz-04 never. The trigger is at 20,000. */
const story: readonly HistoryRecord[] = [
  told(12_000, ['mz-01', 11_000, 11_010, 'ok', null], ['mz-02', 11_000, 11_010, 'ok', null]),
  event(24_500, 'mz-01', 'hung', 'its I/O hangs'),
  event(24_500, 'mz-01', 'fencing'),
  event(26_000, 'mz-01', 'promoted'),
  event(21_000, 'mz-02', 'parted', null, 'a-mz-2'),
  event(24_600, 'mz-02', 'hung', 'its I/O hangs'),
  event(24_600, 'mz-02', 'refused', 'the pair was parted'),
  event(45_000, 'mz-02', 'recovered'),
  event(46_000, 'mz-02', 'rejoined', null, 'a-mz-2'),
  event(21_000, 'mz-03', 'parted', null, 'a-mz-3'),
  event(21_100, 'mz-03', 'alone', null, 'a-mz-3'),
  event(23_000, 'mz-03', 'rejoined', null, 'a-mz-3'),
  // Longer than the two that overlap with it; and one that was due before the trigger counts from it.
  told(30_000, ['mz-01', 20_500, 26_200, 'unknown', 'late'], ['mz-01', 21_000, 23_000, 'failed', 'not begun']),
  told(46_000, ['mz-02', 19_000, 45_000, 'unknown', 'late'], ['mz-02', 47_000, 47_020, 'ok', null]),
  { kind: 'multiZone.unfinished', source: 'database-clients', t: 50_500, transactions: [['mz-04', 50_000]] },
];
const ledgers = ['mz-01', 'mz-02', 'mz-03', 'mz-04'].map((id) => ledger(id));
const all = (...records: readonly HistoryRecord[]) => [...story, ...ledgers, ...records];
const whole: readonly HistoryRecord[] = all(
  ...content('mz-01/primary', [[1, 3]]),
  ...content('mz-01/standby', [[1, 5]]),
  ...content('mz-02/primary', [[1, 6]]),
  ...content('mz-02/standby', [[1, 5]]),
  ...content('mz-03/primary', [[1, 5]]),
  ...content('mz-03/standby', [[1, 5]]),
  ...content('mz-04/primary', [[1, 5]]),
  ...content('mz-04/standby', [[1, 2]]),
);
const measured = (records: readonly HistoryRecord[]) => measureMultiZone(frameWith(records, plan));

describe('multi-zone databases', () => {
  test('failed over, did not, or had no need to; and for how long nothing was committed', () => {
    const { pairs, ...sums } = measured(whole);
    expect(pairs.map(({ outcome }) => outcome)).toEqual(['failed over', 'not failed over', 'unaffected', 'unaffected']);
    expect(pairs[0]).toMatchObject({
      troubleAtSeconds: 4.5,
      promotedAtSeconds: 6,
      reason: null,
      longestOutageSeconds: 5.7,
      outageSeconds: 5.7,
    });
    expect(pairs[1]).toMatchObject({
      reason: 'the pair was parted',
      recoveredAtSeconds: 25,
      parted: true,
      wentAlone: false,
      longestOutageSeconds: 25,
    });
    expect(pairs[2]).toMatchObject({ parted: true, wentAlone: true, longestOutageSeconds: 0 });
    expect(sums).toMatchObject({
      failedOver: 1,
      notFailedOver: 1,
      underWay: 0,
      unaffected: 2,
      parted: 2,
      wentAlone: 1,
      dualPrimaries: 0,
      longestOutageSeconds: 25,
    });
  });

  test('lose nothing when whoever is primary at the end has it: what the old primary lacks does not count', () => {
    const { commits, standbyCommits } = measured(whole);
    expect(commits).toMatchObject({ acknowledged: 20, verified: 20, lost: 0, unverified: 0, problems: [] });
    // Of mz-02 and mz-03, which said last that they were together again.
    expect(standbyCommits).toMatchObject({ acknowledged: 10, verified: 10, lost: 0 });
  });

  test('have lost what a promoted standby lacks, or one that is synchronous', () => {
    const without = (id: string) =>
      whole.filter((record) => record.kind !== 'database.content' || record.database !== id);
    const promoted = measured([...without('mz-01/standby'), ...content('mz-01/standby', [[1, 3]])]);
    expect(promoted.commits).toMatchObject({ verified: 18, lost: 2 });
    const synchronous = measured([...without('mz-03/standby'), ...content('mz-03/standby', [[1, 4]])]);
    expect(synchronous.standbyCommits).toMatchObject({ lost: 1 });
    const unread = measured(without('mz-04/primary'));
    expect(unread.commits).toMatchObject({ verified: 15, unverified: 5 });
  });

  test.each([
    ['one instance', primaryOnly, false],
    [
      'one after the other',
      [
        { instance: 'a', epoch: 1, count: 1, firstT: 1, lastT: 5 },
        { instance: 'b', epoch: 2, count: 1, firstT: 6, lastT: 9 },
      ],
      false,
    ],
    [
      'an old one after a new one began',
      [
        { instance: 'a', epoch: 1, count: 2, firstT: 1, lastT: 7 },
        { instance: 'b', epoch: 2, count: 1, firstT: 6, lastT: 9 },
      ],
      true,
    ],
    [
      'two of one epoch',
      [
        { instance: 'a', epoch: 1, count: 1, firstT: 1, lastT: 2 },
        { instance: 'b', epoch: 1, count: 1, firstT: 6, lastT: 9 },
      ],
      true,
    ],
  ] as const)('that are served by %s', (_, served, is) => {
    expect(isDual(served)).toBe(is);
  });

  test('two that serve fail the run, and so does a lost commit, whatever else is wrong with it', () => {
    const expecting = (text: string) => ({ ...plan, expectations: [{ text, file: 'x', line: 1 }] });
    const dual = ledger('mz-01', [
      { instance: 'a', epoch: 1, count: 1, firstT: 1, lastT: 7 },
      { instance: 'b', epoch: 2, count: 1, firstT: 6, lastT: 9 },
    ]);
    const records = [...smallRun(), ...story, dual, ...content('mz-01/standby', [[1, 4]])];
    const one = analyze(expecting('databases.multi.dualPrimaries = 0'), records);
    expect([one.multiZone?.dualPrimaries, one.verdict.outcome]).toEqual([1, 'fail']);
    const other = analyze(expecting('databases.multi.lostCommits = 0'), records);
    expect([other.multiZone?.commits.lost, other.verdict.outcome]).toEqual([1, 'fail']);
  });
});

test('a pair of which the clients left no whole ledger is unverified: nobody knows who served it', () => {
  const claim = (records: readonly HistoryRecord[]) =>
    resolveMetric(measureRun(plan, [...smallRun(), ...records]), 'databases.multi.dualPrimaries', {});
  expect(claim(whole)).toBe(0);
  const without = whole.filter((record) => record.kind !== 'multiZone.ledger' || record.database !== 'mz-02');
  expect(claim(without)).toEqual({ unavailable: expect.stringContaining('of 1 of 4 multi-zone databases') });
  const lost = resolveMetric(measureRun(plan, [...smallRun(), ...without]), 'databases.multi.lostCommits', {});
  expect(lost).toEqual({ unavailable: expect.stringContaining('mz-02/primary: it printed no ledger') });
  const forgetful = whole.map((record) =>
    record.kind === 'multiZone.ledger' && record.database === 'mz-02' ? { ...record, served: [] } : record,
  );
  const told: HistoryRecord = {
    ...{ kind: 'multiZone', source: 'clients', t: 30_000, transactions: [['mz-02', 1, 2, 'ok', null]], pending: [] },
    ...{ receivedBytes: { primary: 0, replication: 0 }, lagP99Ms: 1 },
  };
  expect(claim([...forgetful, told])).toEqual({ unavailable: expect.stringContaining('of 1 of 4') });
});

describe('what is said of them', () => {
  const measurements = measureRun(plan, [...smallRun(), ...whole]);
  const resolve = (name: string) => resolveMetric(measurements, `databases.multi.${name}`, {});

  test('expectations name the counts', () => {
    const names = ['databases', 'failedOver', 'refused', 'underWay', 'unaffected', 'parted', 'wentAlone'];
    expect(names.map(resolve)).toEqual([4, 1, 1, 0, 2, 2, 1]);
    expect(['dualPrimaries', 'lostCommits', 'unverifiedCommits', 'acknowledgedCommits'].map(resolve)).toEqual([
      0, 0, 0, 20,
    ]);
    expect(resolve('longestOutage')).toBe(25);
    // The one that was due when the record ended is none of its.
    expect(resolve('availability')).toBe(0.5);
  });

  test('without such databases nothing is 0', () => {
    const none = measureRun(small, smallRun());
    expect(resolveMetric(none, 'databases.multi.lostCommits', {})).toEqual({
      unavailable: 'the plan has no multi-zone databases',
    });
    expect(analyze(small, smallRun()).multiZone?.pairs).toEqual([]);
  });

  test('the report has a row for each, with why', () => {
    const rows = new Map(multiZoneRows(measurements.multiZone));
    expect(rows.get('failover')).toBe('1 of 4 failed over, 1 did not, 2 not affected');
    expect(rows.get('mz-01')).toBe('in trouble from 4.5 s on, standby promoted at 6.0 s; no commits for 5.7 s');
    expect(rows.get('mz-02')).toBe(
      'in trouble from 4.6 s on, not safe to promote: the pair was parted, its primary was back at 25.0 s; no commits for 25.0 s',
    );
    expect(rows.get('mz-03')).toBe('not affected, alone for a time');
    expect(rows.get('commits')).toBe('20 commits acknowledged: 20 verified, 0 lost, 0 unverified');
  });

  test('a pair that was parted before the fault makes a run inconclusive, as does one without a commit', () => {
    const said = (records: readonly HistoryRecord[]) =>
      checkBaseline(measureRun(plan, [...smallRun(), ...records])).map(({ what }) => what);
    const of = (records: readonly HistoryRecord[]) =>
      said(records).filter((what) => /multi-zone|before the fault/.test(what));
    expect(of(whole)).toEqual([]);
    expect(of([...whole, event(15_000, 'mz-03', 'parted', null, 'a-mz-3')])).toEqual([
      'parted or in trouble before the fault: mz-03',
    ]);
    // A fault that has begun to be applied is not "before", though it has not been read back yet.
    const begun = [...whole, event(19_700, 'mz-03', 'parted', null, 'a-mz-3')];
    expect(of([...begun, fault('misroute-1', 'applying', 19_600)])).toEqual([]);
    expect(of([...begun, fault('misroute-1', 'applying', 19_800)])).toHaveLength(1);
    expect(of(whole.slice(1))).toEqual(['no transaction of a multi-zone database was committed in the baseline']);
  });
});
