import type { Measurements } from '../measure/measure-run.ts';
import { boundedOutcomes } from './bounded-outcomes.ts';
import { evaluate } from './expectation/evaluate.ts';
import type { Expression } from './expectation/expectation.ts';
import { parseArithmetic } from './expectation/parse-expectation.ts';
import { describeMetric } from './metric-expression.ts';
import type { MetricValue } from './metrics.ts';
import { resolveMetric } from './resolve-metric.ts';

const ZERO: Expression = { kind: 'number', value: 0, text: '0' };

/**
 * What arithmetic over measurements comes to in a run, such as `storm.seconds / trigger.seconds`. Lower bounds
 * that make the whole larger the larger each is make a lower bound of the whole; otherwise nothing is known of it.
 *
 * @throws ExpectationError for text that is no arithmetic
 */
export function measuredArithmetic(measurements: Measurements, text: string): MetricValue {
  const expression = { text, comparison: '=', left: parseArithmetic(text), right: ZERO, tolerance: null } as const;
  const { left } = expression;
  if (left.kind === 'name' && Object.keys(left.arguments).length === 0)
    return resolveMetric(measurements, left.name, {});
  const { atBounds, all, bounds } = boundedOutcomes(
    (resolve) => evaluate(expression, resolve),
    (name, args) => resolveMetric(measurements, name, args),
  );
  const least = atBounds.left;
  if (least === null) return { unavailable: atBounds.explanation };
  if (bounds.length === 0) return least;
  const isLeast = all?.every((one) => one.left !== null && one.left >= least) ?? false;
  if (isLeast && all?.some((one) => one.left !== null && one.left > least)) return { atLeast: least };
  const known = bounds.map(
    ({ name, atLeast }) => `${name} is known only as a lower bound, ${Number(atLeast.toPrecision(4))}`,
  );
  return { unavailable: [...new Set(known)].join('; ') };
}

/** `count`, `share`, `s` and their like; a quotient of equal units is a `ratio`, and empty is a unit nobody named. */
export const unitOf = (text: string): string => unitIn(parseArithmetic(text)) ?? '';

function unitIn(expression: Expression): string | null {
  switch (expression.kind) {
    case 'number':
      return null;
    case 'negate':
      return unitIn(expression.of);
    case 'name':
      return describeMetric(expression.name).unit;
    case 'binary': {
      const left = unitIn(expression.left);
      const right = unitIn(expression.right);
      if (left === null || right === null) return left ?? right;
      if (expression.operator === '/') return left === right ? 'ratio' : '';
      return left === right ? left : '';
    }
  }
}
