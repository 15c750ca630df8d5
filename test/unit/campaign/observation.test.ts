import { describe, expect, test } from 'vitest';
import { withAlways } from '../../../harness/campaign/carry-out.ts';
import { notMeasured, observe, recovered } from '../../../harness/campaign/observation.ts';
import { parseMetricExpression } from '../../../harness/check/metric-expression.ts';
import { SAFETY_METRICS } from '../../../harness/check/safety.ts';
import { type RealisticOptions, realisticRun } from '../measure/realistic-run.ts';

const metrics = ['storm.seconds', 'D', 'ledger.lost'].map(parseMetricExpression);
const observed = (options: RealisticOptions = {}) => {
  const { plan, records } = realisticRun(options);
  return observe({ arm: 'x', seed: 7 }, plan, records, metrics);
};

describe('a run of a campaign', () => {
  test('has the values that were asked for, and what it ran on', () => {
    const { state, values, environment } = observed();
    expect(state).toBe('conclusive');
    expect(values.get('D')).toBe(28);
    expect(environment).toMatch(/zonestorm .*CPUs/);
  });

  test('counts though an expectation failed, or cannot be judged: those are written for one arm', () => {
    for (const text of ['D < F', 'storm.stuckShare(at: 9000) = 0']) {
      expect(observed({ expectations: [text] })).toMatchObject({ state: 'conclusive', reasons: [] });
    }
  });

  test('is asked for every loss, whatever a campaign compares', () => {
    const { plan, records } = realisticRun();
    const { values } = observe({ arm: 'x', seed: 7 }, plan, records, withAlways([parseMetricExpression('D')]));
    for (const name of SAFETY_METRICS) expect([...values.keys()]).toContain(name);
    expect(values.get('ledger.lost')).toBe(0);
    expect(values.get('databases.multi.lostCommits')).toHaveProperty('unavailable');
  });

  test('does not count on a machine that was not fit, with the reason', () => {
    const { state, reasons, values } = observed({ busyShare: 0.9 });
    expect(state).toBe('inconclusive');
    expect(reasons[0]).toMatch(/^validity: the machine was saturated/);
    expect(values.get('D')).toBe(28);
  });

  test('recovered when its storm ended, did not when that is only a bound, and else nobody knows', () => {
    expect(recovered(observed())).toBe(true);
    expect(recovered(observed({ firstCopySeconds: 100 }))).toBe(false);
    expect(recovered(notMeasured({ arm: 'x', seed: 7 }, 'missing'))).toBeNull();
  });
});
