import { checkRun } from '../check/check-run.ts';
import { type MetricExpression, measuredValue } from '../check/metric-expression.ts';
import type { MetricValue } from '../check/metrics.ts';
import type { HistoryRecord } from '../history/records.ts';
import { measureRun } from '../measure/measure-run.ts';
import type { Plan } from '../scenario/plan.ts';
import type { Turn } from './order.ts';

/** What one run of a campaign came to. */
export interface Observation extends Turn {
  /**
   * `conclusive`: its numbers count. `inconclusive`: the instrument or the machine was not fit, so they do not.
   * `broken`: it did not come to its end by an error. `missing`: not run yet.
   */
  readonly state: 'conclusive' | 'inconclusive' | 'broken' | 'missing';
  /** Why it is not conclusive. */
  readonly reasons: readonly string[];
  /** By the text of the metric; empty unless it was measured. */
  readonly values: ReadonlyMap<string, MetricValue>;
  /** What it ran on and with; `null` unless it was measured. */
  readonly environment: string | null;
}

/**
 * Measures a run again from its plan and its records. Expectations do not count here: they are written for one arm,
 * and what fails or cannot be judged of them in another is what a comparison is made to show. Every other problem of
 * the verdict makes the run inconclusive.
 */
export function observe(
  turn: Turn,
  plan: Plan,
  records: Iterable<HistoryRecord>,
  metrics: readonly MetricExpression[],
): Observation {
  const measurements = measureRun(plan, records);
  const { verdict } = checkRun(measurements);
  const reasons = verdict.problems
    .filter(({ check }) => check !== 'expectation')
    .map(({ check, what }) => `${check}: ${what}`);
  const start = measurements.frame.history.of('run.start')[0];
  return {
    ...turn,
    state: reasons.length === 0 ? 'conclusive' : 'inconclusive',
    reasons,
    values: new Map(metrics.map((metric) => [metric.text, measuredValue(measurements, metric)])),
    environment:
      start === undefined
        ? null
        : [
            `zonestorm ${start.zonestorm}`,
            `engine ${start.engine}`,
            `kernel ${start.kernel}`,
            `${start.cpus} CPUs`,
            ...(start.shaping === undefined ? [] : [`capacities by ${start.shaping}`]),
            ...Object.values(start.images),
          ].join(', '),
  };
}

export const notMeasured = (turn: Turn, state: 'broken' | 'missing', reasons: readonly string[] = []): Observation => ({
  ...turn,
  state,
  reasons,
  values: new Map(),
  environment: null,
});

/** Whether the storm had ended when the record did: under 1 % of the volumes stuck. `null`: the run cannot tell. */
export function recovered(observation: Observation): boolean | null {
  const storm = observation.values.get('storm.seconds');
  if (storm === undefined || (typeof storm === 'object' && 'unavailable' in storm)) return null;
  return typeof storm === 'number';
}
