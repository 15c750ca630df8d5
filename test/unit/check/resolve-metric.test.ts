import { describe, expect, test } from 'vitest';
import { COMMIT_METRICS, DATABASE_METRICS } from '../../../harness/check/database-metrics.ts';
import { METRICS } from '../../../harness/check/metrics.ts';
import { metricNames, resolveMetric } from '../../../harness/check/resolve-metric.ts';
import { ZONE_METRICS } from '../../../harness/check/zone-metrics.ts';
import { measureRun } from '../../../harness/measure/measure-run.ts';
import { realisticRun } from '../measure/realistic-run.ts';

const { plan, records } = realisticRun();
const measurements = measureRun(plan, records);
const resolve = (name: string, args = {}) => resolveMetric(measurements, name, args);

describe('metrics', () => {
  test('every known name has a value in a whole run', () => {
    const names = metricNames(plan.zones.map((zone) => zone.id));
    expect(names).toContain('app.b.availability');
    const ofZone = Object.values(ZONE_METRICS).reduce((sum, metrics) => sum + Object.keys(metrics).length, 0);
    const ofDatabases = Object.keys(COMMIT_METRICS).length + 2 * Object.keys(DATABASE_METRICS).length;
    const ofActions = names.filter((name) => name.startsWith('action.'));
    expect(names.length).toBe(Object.keys(METRICS).length + 2 * ofZone + ofDatabases + ofActions.length);
    // In this run nobody calls the control plane or operates, and there are no databases: no value, and never 0.
    const told = ['elections.answered', 'control.expired', 'control.refused'];
    const ofCalls = names.filter((name) => /^(api|databases|action)\./.test(name) || told.includes(name));
    expect(ofCalls.length).toBeGreaterThan(told.length);
    for (const name of ofCalls) expect([name, resolve(name)]).toEqual([name, { unavailable: expect.any(String) }]);
    for (const name of names.filter((one) => !ofCalls.includes(one))) {
      const value = resolve(name, { at: 10 });
      if (typeof value === 'object') expect([name, value]).toEqual([name, { atLeast: expect.any(Number) }]);
      else expect([name, Number.isFinite(value)]).toEqual([name, true]);
    }
  });

  test('values are those of the result, shares 0..1 and times in seconds', () => {
    expect(resolve('D')).toBe(28);
    expect(resolve('F')).toBe(16);
    expect(resolve('V')).toBe(60);
    expect(resolve('trigger.seconds')).toBeCloseTo(4.4, 9);
    expect(resolve('trigger.end')).toBeCloseTo(4.4, 9);
    expect(resolve('storm.stuckShare', { at: 14.4 })).toBeCloseTo(0.2, 9);
    expect(resolve('storm.seconds')).toBe(measurements.storm.result.stormSeconds);
    expect(resolve('app.b.availability')).toBe(1);
    // Over one in a hundred requests of zone a was not answered: its p99 is a lower bound.
    expect(resolve('app.a.p99')).toEqual({ atLeast: 5 });
  });

  test('a time outside of the measurement and an unknown name have no value', () => {
    expect(resolve('storm.stuckShare', { at: 500 })).toEqual({ unavailable: expect.stringContaining('outside') });
    expect(resolve('storm.stuckShare')).toEqual({ unavailable: expect.stringContaining('say when') });
    expect(resolve('storm.colour')).toEqual({ unavailable: 'there is no metric storm.colour' });
    expect(resolve('toString')).toEqual({ unavailable: 'there is no metric toString' });
    expect(resolve('app.a.toString')).toEqual({ unavailable: 'there is no metric app.a.toString' });
  });

  test('a storm that outlasts the record is a lower bound, none at all takes 0 s', () => {
    const short = realisticRun({ afterSeconds: 15 });
    expect(resolveMetric(measureRun(short.plan, short.records), 'storm.seconds', {})).toEqual({ atLeast: 15 });
    const calm = short.records.filter((record) => record.kind !== 'io' && record.kind !== 'io.unfinished');
    expect(resolveMetric(measureRun(short.plan, calm), 'storm.seconds', {})).toBe(0);
  });
});
