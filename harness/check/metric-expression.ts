import type { Measurements } from '../measure/measure-run.ts';
import { evaluate } from './expectation/evaluate.ts';
import { type Expectation, ExpectationError } from './expectation/expectation.ts';
import { parseExpectation } from './expectation/parse-expectation.ts';
import { METRICS, type MetricValue } from './metrics.ts';
import { resolveMetric } from './resolve-metric.ts';
import { ZONE_METRICS } from './zone-metrics.ts';
import { ZONE_STORM_METRICS } from './zone-storm-metrics.ts';

/** One measurement by name, with its arguments, as in `storm.stuckShare(at: trigger.end + 10s)`. */
export interface MetricExpression {
  readonly text: string;
  readonly name: string;
  readonly parsed: Expectation;
}

/** @throws ExpectationError for anything but one name with its arguments */
export function parseMetricExpression(text: string): MetricExpression {
  // A side of an expectation is what we are after, and its parser takes whole ones.
  const parsed = parseExpectation(`${text} = 0`);
  const { left } = parsed;
  if (left.kind !== 'name') throw new ExpectationError(1, `\`${text}\``, 'one measurement by its name');
  return { text, name: left.name, parsed };
}

/** Its value in a run. A lower bound stays one. */
export function measuredValue(measurements: Measurements, { name, parsed }: MetricExpression): MetricValue {
  let value: MetricValue | null = null;
  const { explanation } = evaluate(parsed, (asked, args) => {
    const resolved = resolveMetric(measurements, asked, args);
    if (asked === name) value = resolved;
    return typeof resolved === 'object' && 'atLeast' in resolved ? resolved.atLeast : resolved;
  });
  return value ?? { unavailable: explanation };
}

/** What a metric is and its unit; empty for a name that there is not. */
export function describeMetric(name: string): { readonly unit: string; readonly description: string } {
  const nothing = { unit: '', description: '' };
  if (Object.hasOwn(METRICS, name)) return METRICS[name] ?? nothing;
  const [group = '', , ...path] = name.split('.');
  const groups: Readonly<Record<string, Readonly<Record<string, { unit: string; description: string }>>>> = {
    ...ZONE_METRICS,
    storm: ZONE_STORM_METRICS,
  };
  return (Object.hasOwn(groups, group) ? groups[group]?.[path.join('.')] : undefined) ?? nothing;
}
