import { describe, expect, test } from 'vitest';
import { checkBaseline } from '../../../harness/check/check-baseline.ts';
import type { HistoryRecord } from '../../../harness/history/records.ts';
import { measureRun } from '../../../harness/measure/measure-run.ts';
import type { Plan } from '../../../harness/scenario/plan.ts';
import { realisticRun } from '../measure/realistic-run.ts';

const TOUCHED_T = 108_000;
const run = realisticRun();
const users = run.plan.containers.filter(({ id }) => id === 'b-instances');
const plan: Plan = {
  ...run.plan,
  containers: [...run.plan.containers, ...users.map((one) => ({ ...one, id: 'b-users', role: 'users' as const }))],
  databases: [{ id: 'b-db-01', zone: 'use1-b', volumes: ['vb1'] }],
  multiZoneDatabases: [
    {
      id: 'mz-01',
      primary: { container: 'a-mz-1', zone: 'use1-a', volumes: ['va1'] },
      standby: { container: 'b-mz-standbys', zone: 'use1-b', volumes: ['vb1'] },
    },
  ],
};
/** The first phase goes on for two seconds after its fault was begun with. */
const longFirstPhase = run.records.map((record): HistoryRecord => {
  const isBorder =
    record.kind === 'phase' && Math.abs(record.t - TOUCHED_T) < 100 && ['baseline', 'misroute'].includes(record.phase);
  return isBorder ? { ...record, t: TOUCHED_T + 2000 } : record;
});

/** One call and a transaction of each kind, due at this time; of use1-b's block I/O only what was due from then on. */
function problemsOf(t: number): readonly string[] {
  const inB = new Set(plan.volumes.filter(({ zone }) => zone === 'use1-b').map(({ id }) => id));
  const kept = longFirstPhase.map((record): HistoryRecord => {
    if (record.kind !== 'io') return record;
    return { ...record, ops: record.ops.filter(([volume, , intended]) => !inB.has(volume) || intended >= t) };
  });
  const common = { t: t + 200, receivedBytes: { primary: 0, replication: 0 }, lagP99Ms: 1 };
  const more: readonly HistoryRecord[] = [
    {
      ...common,
      kind: 'api',
      source: 'b-users',
      zone: 'use1-b',
      calls: [['createVolume', t, t + 9, 'ok', null]],
      inFlight: 0,
    },
    {
      ...common,
      kind: 'databases',
      source: 'b-databases',
      zone: 'use1-b',
      transactions: [['b-db-01', t, t + 9, 'ok', null]],
      pending: [],
    },
    {
      ...common,
      kind: 'multiZone',
      source: 'database-clients',
      transactions: [['mz-01', t, t + 9, 'ok', null]],
      pending: [],
    },
  ];
  return checkBaseline(measureRun(plan, [...kept, ...more])).map(({ what }) => what);
}

describe('the baseline ends where the first fault is begun with, also within the first phase', () => {
  test('what worked before counts', () => {
    expect(problemsOf(TOUCHED_T - 3000)).toEqual([]);
  });

  test('what worked only after, in the same phase, does not', () => {
    expect(problemsOf(TOUCHED_T + 500)).toEqual([
      'use1-b: no block I/O succeeded in the baseline',
      'use1-b: no call to the API succeeded in the baseline',
      'use1-b: no transaction was committed in the baseline',
      'no transaction of a multi-zone database was committed in the baseline',
    ]);
  });
});
