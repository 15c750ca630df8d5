import { describe, expect, test } from 'vitest';
import { COMMIT_METRICS, DATABASE_METRICS } from '../../../harness/check/database-metrics.ts';
import { argumentsOf } from '../../../harness/check/expectation/arguments-of.ts';
import { judgeExpectation } from '../../../harness/check/judge-expectation.ts';
import { measuredValue, parseMetricExpression } from '../../../harness/check/metric-expression.ts';
import { METRICS } from '../../../harness/check/metrics.ts';
import { MULTI_ZONE_METRICS } from '../../../harness/check/multi-zone-metrics.ts';
import { metricNames, metricOf, resolveMetric } from '../../../harness/check/resolve-metric.ts';
import { ZONE_METRICS } from '../../../harness/check/zone-metrics.ts';
import { ZONE_STORM_METRICS } from '../../../harness/check/zone-storm-metrics.ts';
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
    expect(names.length).toBe(
      Object.keys(METRICS).length +
        2 * (ofZone + Object.keys(ZONE_STORM_METRICS).length) +
        ofDatabases +
        Object.keys(MULTI_ZONE_METRICS).length +
        ofActions.length,
    );
    // In this run nobody calls the control plane or operates, and there are no databases: no value, and never 0.
    const told = ['elections.answered', 'control.expired', 'control.refused'];
    const ofCalls = names.filter((name) => /\bapi|^(databases|action)\./.test(name) || told.includes(name));
    expect(ofCalls.length).toBeGreaterThan(told.length);
    for (const name of ofCalls) expect([name, resolve(name)]).toEqual([name, { unavailable: expect.any(String) }]);
    for (const name of names.filter((one) => !ofCalls.includes(one))) {
      const value = resolve(name, { at: 10, within: 10 });
      if (typeof value === 'object') expect([name, value]).toEqual([name, { atLeast: expect.any(Number) }]);
      else expect([name, Number.isFinite(value)]).toEqual([name, true]);
    }
  });

  test('every metric takes the arguments that its description tells of, and no other', () => {
    for (const name of metricNames(plan.zones.map((zone) => zone.id))) {
      const { required, optional } = argumentsOf(name);
      const told = [...(metricOf(name)?.description ?? '').matchAll(/\((\w+): …\)/g)].map(([, argument]) => argument);
      expect([name, ...required, ...optional]).toEqual([name, ...told]);
      if (required.length > 0) expect(resolve(name)).toEqual({ unavailable: expect.any(String) });
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

  test('the storm of each zone by itself, and what was asked of it after the trigger', () => {
    expect(resolve('storm.a.seconds')).toBe(resolve('storm.seconds'));
    expect(resolve('storm.b.seconds')).toBe(0);
    expect(resolve('storm.a.appAvailability')).toBeLessThan(1);
    expect(resolve('storm.b.appAvailability')).toBe(1);
    expect(resolve('storm.c.seconds')).toEqual({ unavailable: 'there is no zone c' });
    expect(resolve('storm.a.toString')).toEqual({ unavailable: 'there is no metric storm.a.toString' });
  });

  test('recovered within a time: yes, no, or not to be told because the record ends before', () => {
    const seconds = Number(resolve('storm.seconds'));
    expect(resolve('storm.recovered', { within: seconds })).toBe(1);
    expect(resolve('storm.recovered', { within: seconds - 0.1 })).toBe(0);
    const short = realisticRun({ afterSeconds: 15 });
    const inShort = (within: number) =>
      resolveMetric(measureRun(short.plan, short.records), 'storm.recovered', { within });
    expect(inShort(15)).toBe(0);
    expect(inShort(15.1)).toEqual({ unavailable: expect.stringContaining('the record ends 15.0 s') });
    expect(resolve('storm.recovered')).toEqual({ unavailable: expect.stringContaining('say within what') });
  });

  test('the stuck share beyond (D − F) / V', () => {
    expect(resolve('storm.stuckShareExcess')).toBeCloseTo(0);
  });

  test('crashes up to a time', () => {
    const crash = { node: 'a1', atSeconds: 12, closesInWindow: 16, replicas: 15, exitCode: 86, volumesDegraded: 15 };
    const crashed = { ...measurements, crashes: { ...measurements.crashes, nodesCrashed: 1, crashes: [crash] } };
    expect(resolveMetric(crashed, 'nodes.crashed', {})).toBe(1);
    expect([11.9, 12].map((by) => resolveMetric(crashed, 'nodes.crashed', { by }))).toEqual([0, 1]);
  });

  test('crashes up to a time after the record are a lower bound, also where none was seen', () => {
    const { frame } = measurements;
    const end = (frame.measured.endT - frame.zeroT) / 1000;
    expect(resolve('nodes.crashed', { by: end })).toBe(0);
    const because = `the record ends at ${end.toFixed(1)} s`;
    expect(resolve('nodes.crashed', { by: end + 0.1 })).toEqual({ atLeast: 0, because });
    const judged = (text: string) => judgeExpectation({ text, file: 'a.yaml', line: 1 }, resolve);
    expect(judged('nodes.crashed(by: 9999s) = 0')).toMatchObject({
      held: null,
      explanation: expect.stringContaining(because),
    });
    expect(judged('nodes.crashed(by: 9999s) >= 0')).toMatchObject({ held: true });
  });

  test.each(['storm.stuckShare(at: 9999s)', 'storm.recovered(within: 9999s)'])(
    '%s, after the record, is not told for one that was seen',
    (text) => {
      const short = realisticRun({ afterSeconds: 15 });
      const inShort = measureRun(short.plan, short.records);
      expect(measuredValue(inShort, parseMetricExpression(text))).toEqual({ unavailable: expect.any(String) });
    },
  );

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
