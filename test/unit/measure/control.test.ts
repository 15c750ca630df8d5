import { describe, expect, test } from 'vitest';
import { checkBaseline } from '../../../harness/check/check-baseline.ts';
import { resolveMetric } from '../../../harness/check/resolve-metric.ts';
import type { ControlRecord, HistoryRecord } from '../../../harness/history/records.ts';
import { measureControl } from '../../../harness/measure/control.ts';
import { measureRun } from '../../../harness/measure/measure-run.ts';
import { smallPlan } from './small-plan.ts';
import { frameWith, SMALL_TIMES, smallRun } from './small-run.ts';

const { begin, applied, end } = SMALL_TIMES;

type Call = readonly [string, number, number, 'ok' | 'failed' | 'unknown', string | null];
const api = (zone: string, t: number, calls: readonly Call[]): HistoryRecord => ({
  kind: 'api',
  source: `${zone.slice(-1)}-users`,
  t,
  zone,
  calls,
  inFlight: 0,
  receivedBytes: { primary: 0, replication: 0 },
  lagP99Ms: 1,
});

const control = (t: number, more: Partial<ControlRecord>): ControlRecord => ({
  kind: 'control',
  source: 'control-plane',
  t,
  busyWorkers: 0,
  queued: 0,
  queueMaxMs: 0,
  served: 0,
  lagP99Ms: 1,
  ...more,
});

const pool = (name: string, busyMax: number, queueMaxMs: number) => {
  return { name, workers: 8, busy: 0, busyMax, queued: 0, queueMaxMs, served: 0 };
};

describe('what users got', () => {
  const records: readonly HistoryRecord[] = [
    api('use1-b', applied, [
      ['createVolume', begin + 100, begin + 150, 'ok', null],
      ['deleteVolume', begin + 150, begin + 170, 'ok', null],
      ['attachVolume', begin + 200, begin + 240, 'ok', null],
    ]),
    api('use1-b', end, [
      ['createVolume', applied + 5000, applied + 8000, 'unknown', 'timeout'],
      ['describeVolumes', applied + 6000, applied + 6010, 'failed', 'overloaded'],
      // Before the measurement: nobody's.
      ['describeVolumes', begin - 10, begin, 'failed', 'overloaded'],
    ]),
    { kind: 'api.unfinished', source: 'b-users', t: end + 10, zone: 'use1-b', calls: [['attachVolume', end - 1000]] },
  ];
  const { api: calls } = measureControl(frameWith(records));
  const of = (call: string, period = 'overall') =>
    calls.find((one) => one.zone === 'use1-b' && one.call === call)?.periods.find((one) => one.period === period);

  test('counts every call of the open loop, the unfinished too, and no deletion', () => {
    const reasons = { overloaded: 1, timeout: 1, unfinished: 1 };
    expect(of('all')).toMatchObject({
      offered: 5,
      ok: 2,
      failed: 1,
      unknown: 1,
      unfinished: 1,
      availability: 0.4,
      reasons,
    });
  });

  test('tells them by call and by phase', () => {
    expect(of('createVolume')).toMatchObject({ offered: 2, ok: 1, unknown: 1 });
    expect(of('deleteVolume')).toMatchObject({ offered: 1, ok: 1 });
    expect(of('createVolume', 'baseline')).toMatchObject({ offered: 1, ok: 1, availability: 1 });
    expect(of('createVolume', 'storm')).toMatchObject({ offered: 1, ok: 0, availability: 0 });
  });

  test('is named in expectations, by zone and by call', () => {
    const measurements = measureRun(smallPlan(), [...smallRun(), ...records]);
    const value = (name: string) => resolveMetric(measurements, name, {});
    expect(value('api.b.availability')).toBe(0.4);
    expect(value('api.b.createVolume.availability')).toBe(0.5);
    expect(value('api.b.createVolume.offered')).toBe(2);
    expect(value('api.a.availability')).toEqual({ unavailable: 'zone a has no user of the API' });
    expect(value('api.b.createVolume.nothing')).toEqual({
      unavailable: 'there is no metric api.b.createVolume.nothing',
    });
    expect(value('app.b.createVolume.availability')).toMatchObject({
      unavailable: expect.stringContaining('no metric'),
    });
  });

  test('has a curve by the second', () => {
    const { series } = measureRun(smallPlan(), [...smallRun(), ...records]);
    const [curve] = series.api;
    const at = (seconds: number) => curve?.availability[curve.at.indexOf(seconds)];
    expect([at(-10), at(5), at(6), at(7)]).toEqual([1, 0, 0, null]);
  });
});

describe('the workers', () => {
  const records = [
    control(applied - 1000, { served: 100, expired: 5, dropped: 0, refused: 1, busyMax: 16, queueMaxMs: 9000 }),
    control(applied, { served: 110, expired: 5, dropped: 0, refused: 1, busyMax: 2, queueMaxMs: 10 }),
    control(applied + 10_000, {
      served: 130,
      expired: 15,
      dropped: 2,
      refused: 4,
      busyMax: 12,
      queued: 7,
      queueMaxMs: 4200,
      storeMaxMs: 250,
      operations: [['createVolume', 20, 10]],
      pools: [pool('use1-a', 8, 4200), pool('use1-b', 4, 20)],
    }),
    control(end + 100, { served: 999, expired: 999, busyMax: 99 }),
  ];

  test('are told from the trigger on, and not what came before or after', () => {
    expect(measureControl(frameWith(records))).toMatchObject({
      reason: null,
      busyPeak: 12,
      queueMaxSeconds: 4.2,
      queuedPeak: 7,
      storeMaxSeconds: 0.25,
      served: 20,
      expired: 10,
      dropped: 2,
      refused: 3,
      operations: [{ operation: 'createVolume', served: 20, expired: 10 }],
      pools: [
        { name: 'use1-a', workers: 8, busyPeak: 8, queueMaxSeconds: 4.2 },
        { name: 'use1-b', workers: 8, busyPeak: 4, queueMaxSeconds: 0.02 },
      ],
    });
  });

  test('of a history that is older than these counts are not taken for 0', () => {
    const old = [control(applied, { served: 5 }), control(applied + 1000, { served: 9, busyWorkers: 3 })];
    const measured = measureControl(frameWith(old));
    expect(measured).toMatchObject({ busyPeak: 3, served: 4, expired: null, dropped: null, storeMaxSeconds: null });
    const metrics = measureRun(smallPlan(), [...smallRun(), ...old]);
    expect(resolveMetric(metrics, 'control.expired', {})).toEqual({ unavailable: 'it was not measured' });
    expect(resolveMetric(metrics, 'control.busyPeak', {})).toBe(3);
  });

  test('that told nothing have a reason and no numbers', () => {
    const measured = measureControl(frameWith([]));
    expect(measured).toMatchObject({ reason: 'the control plane told nothing', busyPeak: null, served: null });
  });
});

test('the nodes’ calls: elections together, one that was under way at the end unfinished', () => {
  const calls: HistoryRecord = {
    kind: 'node.calls',
    source: 'a1',
    t: end + 50,
    calls: [
      ['elect', applied + 1000, applied + 1020, null],
      ['confirm', applied + 9000, applied + 12_000, 'timeout'],
      ['promote', applied + 9000, applied + 9010, 'overloaded'],
      ['members', applied + 9000, applied + 9010, null],
      ['confirm', end - 500, end + 40, 'closed'],
    ],
  };
  const { nodeCalls } = measureControl(frameWith([calls]));
  const of = (operation: string) => nodeCalls.find((one) => one.operation === operation)?.periods[0];
  expect(nodeCalls.every(({ zone }) => zone === 'use1-a')).toBe(true);
  expect(of('elections')).toMatchObject({
    offered: 4,
    ok: 1,
    failed: 1,
    unknown: 1,
    unfinished: 1,
    availability: 0.25,
  });
  expect(of('confirm')).toMatchObject({ offered: 2, unknown: 1, unfinished: 1 });
  expect(of('members')).toMatchObject({ offered: 1, ok: 1 });
  const measurements = measureRun(smallPlan(), [...smallRun(), calls]);
  expect(resolveMetric(measurements, 'elections.answered', {})).toBe(0.25);
});

test('users whom nobody answered before the fault make the run inconclusive, and a late event loop of theirs is told', () => {
  const plan = smallPlan();
  const users = { id: 'b-users', service: 'b-users', zone: 'use1-b', role: 'users', command: [] } as const;
  const withUsers = { ...plan, containers: [...plan.containers, { ...users, attachments: [], disks: [] }] };
  const problemsOf = (outcome: 'ok' | 'failed') => {
    const calls = [['describeVolumes', begin + 100, begin + 110, outcome, null]] as const;
    const measurements = measureRun(withUsers, [...smallRun(), api('use1-b', begin + 500, calls)]);
    expect(measurements.machine.lag.map(({ who }) => who)).toContain('users of the API');
    return checkBaseline(measurements).map(({ what }) => what);
  };
  const problem = 'use1-b: no call to the API succeeded in the baseline';
  expect(problemsOf('failed')).toContain(problem);
  expect(problemsOf('ok')).not.toContain(problem);
  expect(measureRun(plan, smallRun()).machine.lag.map(({ who }) => who)).not.toContain('users of the API');
});
