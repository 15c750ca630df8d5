import { expect, test } from 'vitest';
import { measuredArithmetic, unitOf } from '../../../harness/check/measured-arithmetic.ts';
import { measureRun } from '../../../harness/measure/measure-run.ts';
import { realisticRun } from '../measure/realistic-run.ts';
import { smallPlan } from '../measure/small-plan.ts';

const measured = (options: Parameters<typeof realisticRun>[0] = {}) => {
  const { plan, records } = realisticRun(options);
  return measureRun(plan, records);
};
const run = measured();
const endless = measured({ firstCopySeconds: 100 });

test('arithmetic over measurements, whose own arguments are some too', () => {
  expect(measuredArithmetic(run, '(D − F) / V')).toBeCloseTo(0.2);
  expect(measuredArithmetic(run, 'storm.stuckShare(at: trigger.end + 10s) - (D - F) / V')).toBeCloseTo(0);
});

test('a lower bound stays one where the whole grows with it, and otherwise nothing is known', () => {
  const seconds = measuredArithmetic(endless, 'storm.seconds');
  expect(seconds).toEqual({ atLeast: expect.any(Number) });
  expect(measuredArithmetic(endless, 'storm.seconds / 2')).toEqual({
    atLeast: (seconds as { atLeast: number }).atLeast / 2,
  });
  for (const text of ['2 / storm.seconds', '-storm.seconds', 'storm.seconds - storm.seconds']) {
    expect(measuredArithmetic(endless, text)).toEqual({
      unavailable: expect.stringContaining('storm.seconds is known only as a lower bound'),
    });
  }
});

test('of two lower bounds each may be larger by itself', () => {
  const seconds = ['storm.seconds', 'storm.mirroredSeconds'].map((name) => measuredArithmetic(endless, name));
  expect(seconds).toEqual([{ atLeast: expect.any(Number) }, { atLeast: expect.any(Number) }]);
  const [storm = 0, mirrored = 0] = seconds.map((value) => (value as { atLeast: number }).atLeast);
  expect(measuredArithmetic(endless, 'storm.seconds + storm.mirroredSeconds')).toEqual({ atLeast: storm + mirrored });
  for (const text of [
    '2 * storm.mirroredSeconds - storm.seconds',
    'storm.seconds * storm.seconds / storm.mirroredSeconds',
  ]) {
    expect(measuredArithmetic(endless, text)).toEqual({
      unavailable: expect.stringContaining('storm.mirroredSeconds is known only as a lower bound'),
    });
  }
});

test('what is missing says why', () => {
  expect(measuredArithmetic(measureRun(smallPlan(), []), 'F')).toEqual({
    unavailable: expect.not.stringContaining('F'),
  });
  expect(measuredArithmetic(run, 'api.b.availability')).toEqual({ unavailable: 'zone b has no user of the API' });
  expect(measuredArithmetic(run, 'D / (V - V)')).toEqual({ unavailable: expect.stringContaining('division by zero') });
});

test('units', () => {
  const units = ['D', 'D / V', '2 * storm.seconds', '-V', 'storm.seconds / V', 'storm.b.apiAvailability'].map(unitOf);
  expect(units).toEqual(['count', 'ratio', 's', 'count', '', 'share']);
});
