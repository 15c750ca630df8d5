import { describe, expect, test } from 'vitest';
import { checkBaseline } from '../../../harness/check/check-baseline.ts';
import { resolveMetric } from '../../../harness/check/resolve-metric.ts';
import type { DatabasesRecord, HistoryRecord } from '../../../harness/history/records.ts';
import { measureCommits } from '../../../harness/measure/database-commits.ts';
import { measureDatabases, predictedShare } from '../../../harness/measure/databases.ts';
import { measureRun } from '../../../harness/measure/measure-run.ts';
import { databaseRows } from '../../../harness/report/database-rows.ts';
import type { Plan } from '../../../harness/scenario/plan.ts';
import { io } from './record-builders.ts';
import { smallPlan } from './small-plan.ts';
import { frameWith, smallRun } from './small-run.ts';

/** Two databases on two volumes each; transactions count when committed within 2 s. The trigger ends at 22,500. */
const small = smallPlan();
const plan: Plan = {
  ...small,
  load: { ...small.load, databases: 2, databaseVolumes: 2 },
  databases: [
    { id: 'a-db-01', zone: 'use1-a', volumes: ['va1', 'va2'] },
    { id: 'a-db-02', zone: 'use1-a', volumes: ['va3', 'va4'] },
  ],
};

const told = (t: number, ...transactions: DatabasesRecord['transactions']): HistoryRecord => ({
  kind: 'databases',
  source: 'a-databases',
  t,
  zone: 'use1-a',
  transactions,
  pending: [],
  receivedBytes: { primary: 0, replication: 0 },
  lagP99Ms: 1,
});

const storm: readonly HistoryRecord[] = [
  told(12_000, ['a-db-01', 11_000, 11_010, 'ok', null], ['a-db-02', 11_500, 11_510, 'ok', null]),
  told(27_000, ['a-db-01', 25_000, 27_000, 'failed', 'not begun'], ['a-db-02', 25_000, 26_999, 'ok', null]),
  told(40_000, ['a-db-01', 21_000, 39_000, 'unknown', 'late'], ['a-db-02', 39_000, 39_500, 'ok', null]),
  {
    kind: 'databases.unfinished',
    source: 'a-databases',
    t: 50_500,
    zone: 'use1-a',
    transactions: [
      ['a-db-02', 45_000],
      ['a-db-01', 50_000],
    ],
  },
  // va2 hung from 21,000 to 38,000, which is a-db-01's; va4 from 45,000 on.
  io('a-instances', 38_000, [['va2', 'write', 21_000, 38_000, 'ok', null]]),
  { kind: 'io.unfinished', source: 'a-instances', t: 50_500, ops: [['va4', 'write', 45_000]] },
];

describe('databases', () => {
  const { result, curves } = measureDatabases(frameWith(storm, plan));
  const [zone] = result.zones;

  test('are affected from when a transaction was due that came too late, until it was committed', () => {
    const affected = (t: number) => curves[0]?.affected.at(t);
    expect([20_999, 21_000, 38_999, 39_000].map(affected)).toEqual([0, 1, 1, 0]);
    // Still open when the record ends, and older than its limit; the other has time left.
    expect([44_999, 45_000, 50_400].map(affected)).toEqual([0, 1, 1]);
  });

  test('stand beside those with a stuck volume and what the share of stuck volumes foretells', () => {
    expect(zone?.at10s).toEqual({ atSeconds: 12.5, affected: 1, withStuckVolume: 1, stuckVolumes: 1 });
    expect(zone?.affectedShareAt10s).toBe(0.5);
    expect(zone?.predictedShareAt10s).toBeCloseTo(1 - 0.75 ** 2, 4);
    expect([zone?.affectedLow95At10s, zone?.affectedHigh95At10s]).toEqual([0.0945, 0.9055]);
    expect(zone).toMatchObject({ peakAffected: 1, peakAffectedShare: 0.5, peakWithStuckVolume: 1, volumes: 4 });
    expect(zone?.overTime).toHaveLength(40);
    expect(zone?.overTime.filter(({ affected }) => affected > 0)).toHaveLength(18 + 5);
    expect(zone?.periods[0]).toMatchObject({ offered: 7, ok: 4, failed: 1, unknown: 1, unfinished: 1 });
  });

  test('AWS’s 13 % of volumes and 45 % of instances are those of four to five volumes', () => {
    expect(predictedShare(13, 100, 4)).toBeCloseTo(0.427, 3);
    expect(predictedShare(13, 100, 5)).toBeCloseTo(0.502, 3);
    expect(predictedShare(0, 0, 4)).toBeNull();
  });

  test('a record that ends too soon tells nothing', () => {
    const short = smallRun().map((record) =>
      record.kind === 'phase' && record.phase === 'storm' && record.state === 'end' ? { ...record, t: 34_000 } : record,
    );
    const { databases } = measureRun(plan, [...short, ...storm]);
    expect(databases.result.zones[0]).toMatchObject({ at10s: null, affectedShareAt10s: null });
    expect(databases.result.zones[0]?.at10sReason).toContain('too soon');
  });
});

describe('commits', () => {
  const ledger = (database: string, lastBegun = 7): HistoryRecord => ({
    kind: 'database.ledger',
    source: 'a-databases',
    t: 51_000,
    database,
    acknowledged: [
      [1, 3],
      [5, 6],
    ],
    lastBegun,
  });
  const content = (
    database: string,
    copy: 'primaries' | 'mirrors',
    transfers: [number, number][],
    problem: string | null = null,
  ): HistoryRecord => ({
    kind: 'database.content',
    source: 'reader',
    t: 52_000,
    database,
    copy,
    nodes: ['a1', 'a2'],
    transfers,
    problem,
  });
  const commitsOf = (...records: HistoryRecord[]) => measureCommits(frameWith(records, plan));
  const both = (database: string, transfers: [number, number][]) => [
    content(database, 'primaries', transfers),
    content(database, 'mirrors', transfers),
  ];

  test('that are in both copies are verified; one that nobody was told of may be there or not', () => {
    const found = commitsOf(
      ledger('a-db-01'),
      ledger('a-db-02'),
      ...both('a-db-01', [[1, 7]]),
      ...both('a-db-02', [
        [1, 3],
        [5, 6],
      ]),
    );
    expect(found).toEqual({
      acknowledged: 10,
      verified: 10,
      lost: 0,
      unverified: 0,
      unexpected: 0,
      forgotten: 0,
      databasesUnread: 0,
      problems: [],
    });
  });

  test('that one copy lacks are lost', () => {
    const found = commitsOf(
      ledger('a-db-01'),
      ledger('a-db-02'),
      ...both('a-db-01', [[1, 7]]),
      content('a-db-02', 'primaries', [[1, 7]]),
      content('a-db-02', 'mirrors', [[1, 5]]),
    );
    expect(found).toMatchObject({ acknowledged: 10, verified: 9, lost: 1, unverified: 0 });
    expect(found.problems).toEqual([
      { database: 'a-db-02', copy: 'mirrors', kind: 'lost', detail: '1 of 5 are missing' },
    ]);
  });

  test('of a damaged copy are all lost, and what was never begun is told', () => {
    const found = commitsOf(
      ledger('a-db-01'),
      ledger('a-db-02'),
      content('a-db-01', 'primaries', [[1, 6]]),
      content('a-db-01', 'mirrors', [], 'malformed'),
      ...both('a-db-02', [[1, 8]]),
    );
    expect(found).toMatchObject({ verified: 5, lost: 5, unexpected: 1 });
    expect(found.problems.map(({ kind }) => kind)).toEqual(['damaged', 'unexpected', 'unexpected']);
  });

  test('between those that were begun count as well: after a restart ids may have a gap', () => {
    const restarted = {
      ...ledger('a-db-01', 11),
      begun: [
        [1, 7],
        [10, 11],
      ],
    } as HistoryRecord;
    const found = commitsOf(restarted, ledger('a-db-02'), ...both('a-db-01', [[1, 9]]), ...both('a-db-02', [[1, 7]]));
    expect(found).toMatchObject({ verified: 10, lost: 0, unexpected: 2, unverified: 0 });
    expect(found.problems[0]?.detail).toBe('2 that nobody had begun, up to 9; 11 was the last');
  });

  test('that a ledger has forgotten are told, and what it does not know is not the database’s fault', () => {
    const transactions = [1, 2, 3, 4, 5, 6].map((t) => ['a-db-01', t, t + 1, 'ok', null] as const);
    const told: HistoryRecord = {
      ...{ kind: 'databases', source: 'a-databases', t: 30_000, zone: 'use1-a', transactions, pending: [] },
      ...{ receivedBytes: { primary: 0, replication: 0 }, lagP99Ms: 1 },
    };
    const found = commitsOf(
      told,
      ledger('a-db-01'),
      ledger('a-db-02'),
      ...both('a-db-01', [[1, 9]]),
      ...both('a-db-02', [[1, 7]]),
    );
    expect(found).toMatchObject({ verified: 10, lost: 0, unexpected: 0, forgotten: 1 });
  });

  describe('reach the verdict by a claim alone', () => {
    const judged = async (...records: HistoryRecord[]) => {
      const { analyze } = await import('../../../harness/report/analyze.ts');
      const expecting = { ...plan, expectations: [{ text: 'databases.lostCommits = 0', file: 'x', line: 1 }] };
      const { verdict, expectations } = analyze(expecting, [...smallRun(), ...storm, ...records]);
      return [verdict.outcome, expectations[0]?.held, expectations[0]?.explanation];
    };
    const whole = [ledger('a-db-01'), ledger('a-db-02'), ...both('a-db-01', [[1, 7]]), ...both('a-db-02', [[1, 7]])];

    test('one that nobody had begun fails the run', async () => {
      const [outcome, held] = await judged(...whole.slice(0, 4), ...both('a-db-02', [[1, 8]]));
      expect([outcome, held]).toEqual(['fail', false]);
    });

    test('a database that was not read, or without a ledger, is no 0', async () => {
      for (const records of [whole.slice(0, 5), whole.slice(1)]) {
        const [outcome, held, why] = await judged(...records);
        expect([outcome, held]).toEqual(['inconclusive', null]);
        expect(why).toMatch(/1 databases and .* commits are not verified, such as a-db-0/);
      }
    });

    test('a loss that was found stays one, as a bound', async () => {
      const [outcome, held, why] = await judged(ledger('a-db-01'), ...both('a-db-01', [[1, 3]]));
      expect([outcome, held]).toEqual(['fail', false]);
      expect(why).toContain('databases.lostCommits ≥ 2 (1 databases');
    });
  });

  test('that could not be read are unverified, and so is a database without a ledger', () => {
    const found = commitsOf(ledger('a-db-01'), content('a-db-01', 'primaries', [[1, 7]]));
    expect(found).toMatchObject({ acknowledged: 5, verified: 0, lost: 0, unverified: 5 });
    expect(found.problems.map(({ database, kind }) => [database, kind])).toEqual([
      ['a-db-01', 'unverified'],
      ['a-db-02', 'unverified'],
    ]);
  });

  test('a run that lost some cannot pass, whatever else is wrong with it', async () => {
    const { analyze } = await import('../../../harness/report/analyze.ts');
    const expecting = { ...plan, expectations: [{ text: 'databases.lostCommits = 0', file: 'x', line: 1 }] };
    const records = [...smallRun(), ...storm, ledger('a-db-01'), ...both('a-db-01', [[1, 3]])];
    const { verdict, databases } = analyze(expecting, records);
    expect(databases.commits.lost).toBe(2);
    expect(verdict.outcome).toBe('fail');
  });
});

describe('what is said of them', () => {
  const measurements = measureRun(plan, [...smallRun(), ...storm]);
  const resolve = (name: string, args = {}) => resolveMetric(measurements, name, args);

  test('expectations name a zone’s databases at a time, and over the whole run', () => {
    expect(resolve('databases.a.affectedShare', { at: 12.5 })).toBe(0.5);
    expect(resolve('databases.a.withStuckVolumeShare', { at: 12.5 })).toBe(0.5);
    expect(resolve('databases.a.predictedShare', { at: 12.5 })).toBeCloseTo(0.4375, 9);
    expect(resolve('databases.a.peakAffectedShare')).toBe(0.5);
    expect(resolve('databases.a.availability')).toBeCloseTo(4 / 7, 3);
    expect(resolve('databases.a.affectedShare')).toEqual({ unavailable: expect.stringContaining('say when') });
    // Within its time limit of the record's end nothing tells whether it is affected.
    expect(resolve('databases.a.affectedShare', { at: 28.5 })).toEqual({
      unavailable: expect.stringContaining('outside'),
    });
    expect(resolve('databases.b.affectedShare', { at: 12.5 })).toEqual({ unavailable: 'zone b has no databases' });
    expect(resolve('databases.a.colour')).toEqual({ unavailable: 'there is no metric databases.a.colour' });
    // Of these databases there are neither ledgers nor disks.
    expect(resolve('databases.lostCommits')).toEqual({ unavailable: expect.stringContaining('not verified') });
    expect(resolve('databases.unverifiedCommits')).toEqual({ unavailable: expect.stringContaining('not verified') });
  });

  test('without a committed transaction before the fault a run is inconclusive', () => {
    const said = (records: readonly HistoryRecord[]) =>
      checkBaseline(measureRun(plan, [...smallRun(), ...records])).filter(({ what }) => what.includes('transaction'));
    expect(said(storm)).toEqual([]);
    expect(said(storm.slice(1))).toEqual([
      { check: 'baseline', what: 'use1-a: no transaction was committed in the baseline' },
    ]);
  });

  test('the report has counts, shares, the interval and what was foretold', () => {
    const rows = new Map(databaseRows(measurements.databases.result));
    expect(rows.get('use1-a: affected 10 s after the trigger')).toBe(
      '50.0 % (9.4–90.5), 1 of 2; 1 of 2 have a stuck volume',
    );
    expect(rows.get('use1-a: foretold, 1 − (1 − p)^2')).toBe('43.8 %, p = 1 of 4 volumes');
    expect(rows.get('commits')).toBe('0 commits acknowledged: 0 verified, 0 lost, 0 unverified');
  });
});
