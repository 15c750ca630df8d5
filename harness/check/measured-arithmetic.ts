import type { Measurements } from '../measure/measure-run.ts';
import { evaluate, type Resolved } from './expectation/evaluate.ts';
import type { Expression } from './expectation/expectation.ts';
import { parseArithmetic } from './expectation/parse-expectation.ts';
import { describeMetric } from './metric-expression.ts';
import type { MetricValue } from './metrics.ts';
import { resolveMetric } from './resolve-metric.ts';

/** Stands for "how long nobody knows", as where expectations are judged. */
const VERY_LONG = 1e9;
const ZERO: Expression = { kind: 'number', value: 0, text: '0' };

/**
 * What arithmetic over measurements comes to in a run, such as `storm.seconds / trigger.seconds`. A lower bound that
 * makes the whole larger the larger it is makes a lower bound of the whole; otherwise nothing is known of it.
 *
 * @throws ExpectationError for text that is no arithmetic
 */
export function measuredArithmetic(measurements: Measurements, text: string): MetricValue {
  const expression = { text, comparison: '=', left: parseArithmetic(text), right: ZERO, tolerance: null } as const;
  const { left } = expression;
  if (left.kind === 'name' && Object.keys(left.arguments).length === 0)
    return resolveMetric(measurements, left.name, {});
  const bounds = new Set<string>();
  const asIf = (bound: (atLeast: number) => number) =>
    evaluate(expression, (name, args): Resolved => {
      const value = resolveMetric(measurements, name, args);
      if (typeof value === 'number' || 'unavailable' in value) return value;
      bounds.add(`${name} is known only as a lower bound, ${Number(value.atLeast.toPrecision(4))}`);
      return bound(value.atLeast);
    });
  const least = asIf((atLeast) => atLeast);
  if (least.left === null) return { unavailable: least.explanation };
  if (bounds.size === 0) return least.left;
  const most = asIf(() => VERY_LONG);
  if (most.left !== null && most.left > least.left) return { atLeast: least.left };
  return { unavailable: [...bounds].join('; ') };
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
