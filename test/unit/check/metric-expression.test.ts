import { expect, test } from 'vitest';
import { describeMetric, measuredValue, parseMetricExpression } from '../../../harness/check/metric-expression.ts';
import { measureRun } from '../../../harness/measure/measure-run.ts';
import { realisticRun } from '../measure/realistic-run.ts';
import { smallPlan } from '../measure/small-plan.ts';

const measured = (options: Parameters<typeof realisticRun>[0] = {}) => {
  const { plan, records } = realisticRun(options);
  return measureRun(plan, records);
};
const run = measured();
const value = (text: string, measurements = run) => measuredValue(measurements, parseMetricExpression(text));

test('a name, with the time that it is asked for', () => {
  expect(value('D')).toBe(28);
  expect(value('storm.stuckShare(at: trigger.end + 10s)')).toBeCloseTo(0.2);
  expect(value('app.b.availability')).toBe(1);
});

test('a lower bound stays one', () => {
  expect(value('storm.seconds', measured({ firstCopySeconds: 100 }))).toEqual({ atLeast: expect.any(Number) });
});

test('what is not there says why, also where its argument is missing', () => {
  const nothing = measureRun(smallPlan(), []);
  expect(value('F', nothing)).toEqual({ unavailable: expect.any(String) });
  expect(value('storm.stuckShare(at: trigger.end + 10s)', nothing)).toEqual({
    unavailable: expect.stringContaining('trigger.end'),
  });
  expect(value('no.such')).toEqual({ unavailable: 'there is no metric no.such' });
});

test('units and descriptions', () => {
  expect(describeMetric('storm.seconds').unit).toBe('s');
  expect(describeMetric('app.a.availability')).toMatchObject({ unit: 'share', description: expect.any(String) });
  expect(describeMetric('api.b.createVolume.p99').unit).toBe('s');
  expect(describeMetric('toString')).toEqual({ unit: '', description: '' });
});
