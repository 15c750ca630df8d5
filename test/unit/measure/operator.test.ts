import { describe, expect, test } from 'vitest';
import { actionMetric } from '../../../harness/check/action-metrics.ts';
import { checkOperator } from '../../../harness/check/check-operator.ts';
import type { ActionRecord, HistoryRecord } from '../../../harness/history/records.ts';
import { type Measurements, measureRun } from '../../../harness/measure/measure-run.ts';
import { node } from './record-builders.ts';
import { smallPlan } from './small-plan.ts';
import { smallRun } from './small-run.ts';

const action = (state: ActionRecord['state'], t: number, more: Partial<ActionRecord> = {}): ActionRecord => ({
  kind: 'action',
  source: 'harness',
  t,
  id: 'stop-search-1',
  action: 'stop-search',
  zone: 'use1-a',
  by: 'schedule',
  state,
  detail: 'nodes were told to stop searching',
  readBack: state === 'asked' ? null : '4 nodes say so',
  ...more,
});
const call = (t: number, outcome: 'ok' | 'failed'): HistoryRecord => ({
  kind: 'api',
  source: 'a-users',
  t: t + 10,
  zone: 'use1-a',
  calls: [['describeVolumes', t, t + 5, outcome, null]],
  inFlight: 0,
  receivedBytes: { primary: 0, replication: 0 },
  lagP99Ms: 1,
});

/** The trigger begins at 20 s of the clock, and the record ends at about 50 s; see `small-run.ts`. */
const measure = (records: readonly HistoryRecord[]): Measurements =>
  measureRun(smallPlan(), [...smallRun(), ...records]);

describe('one action', () => {
  const measured = measure([
    ...[25, 30, 35].map((s, i) => node('a1', s * 1000, { searchAttempts: 500 * i, slotsFree: 1 })),
    node('a1', 36_000, { searchAttempts: 1000, slotsFree: 3 }),
    node('a1', 49_000, { searchAttempts: 1000, slotsFree: 3 }),
    call(30_000, 'failed'),
    call(34_000, 'ok'),
    call(38_000, 'ok'),
    action('asked', 35_000),
    action('done', 36_000),
  ]);
  const [found] = measured.operator.actions;

  test('when, by whom, and what was read back', () => {
    expect(found).toMatchObject({
      id: 'stop-search-1',
      by: 'schedule',
      outcome: 'done',
      readBack: '4 nodes say so',
      askedAtSeconds: 15,
      doneAtSeconds: 16,
    });
  });

  test('the curves over the ten seconds before it was asked for and after it was done', () => {
    // 1,000 attempts in the 10 s before, none in those after.
    expect(found?.curves.searchPerSecond).toEqual({ before: 100, after: 0 });
    expect(found?.curves.api).toEqual([{ zone: 'use1-a', shortName: 'a', before: 0.5, after: 1 }]);
    expect(found?.curves.electionsPerSecond).toEqual({ before: 0, after: 0 });
  });

  test('as measurements that an expectation can name', () => {
    expect(actionMetric('action.stopSearch.at', measured)).toBe(16);
    expect(actionMetric('action.stopSearch.searchPerSecond.before', measured)).toBe(100);
    expect(actionMetric('action.stopSearch.api.a.after', measured)).toBe(1);
    expect(actionMetric('action.addNodes.at', measured)).toEqual({ unavailable: 'no add-nodes was done' });
    expect(actionMetric('action.stopSearch.search.before', measured)).toBeUndefined();
    expect(checkOperator(measured)).toEqual([]);
  });
});

test('a scheduled action that fails or has no end is a problem; one from a terminal, or one that was skipped, is not', () => {
  const ending = (id: string, state: ActionRecord['state'], more: Partial<ActionRecord> = {}) => [
    action('asked', 30_000, { id, ...more }),
    ...(state === 'asked' ? [] : [action(state, 31_000, { id, readBack: 'a3: no answer', ...more })]),
  ];
  const problems = checkOperator(
    measure([
      ...ending('stop-search-1', 'failed'),
      ...ending('stop-search-2', 'asked'),
      ...ending('stop-search-3', 'failed', { by: 'terminal' }),
      action('skipped', 31_000, { id: 'stop-search-4', readBack: null }),
    ]),
  );
  expect(problems.map(({ what }) => what)).toEqual([
    'stop-search-1 failed: a3: no answer',
    'stop-search-2 had no end: nothing was read back',
  ]);
});

test('what was being served when the action was read back is neither before it nor after it', () => {
  const elected = (t: number): HistoryRecord => ({
    ...{ kind: 'election', source: 'control-plane', t, volume: 'va1', epoch: 2, event: 'elected' },
    ...{ primary: 'a1', mirror: 'a2', joining: null },
  });
  const elections = [34_000, 35_500, 36_012, 36_240, 36_260, 46_240, 46_260].map(elected);
  const { operator } = measure([action('asked', 35_000), action('done', 36_000), ...elections]);
  expect(operator.actions[0]?.curves.electionsPerSecond).toEqual({ before: 0.1, after: 0.2 });
});

test('an action at the very end has no curve after it', () => {
  const { operator } = measure([action('asked', 49_500), action('done', 49_800)]);
  expect(operator.actions[0]?.curves.searchPerSecond.after).toBeNull();
});
