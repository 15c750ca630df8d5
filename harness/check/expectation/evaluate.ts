import type { Comparison, Expectation, Expression } from './expectation.ts';

/** A measurement's number, or why there is none. Shares are 0..1, times are seconds. */
export type Resolved = number | { readonly unavailable: string };
export type Resolve = (name: string, args: Readonly<Record<string, number>>) => Resolved;

export interface Judgement {
  /** `null`: cannot be judged, because a measurement is missing or the arithmetic has no result. */
  readonly held: boolean | null;
  readonly left: number | null;
  readonly right: number | null;
  /** Widest difference still taken as equal; `null` when the expectation allows none. */
  readonly tolerance: number | null;
  /** One line with the numbers of every name, whatever the outcome. */
  readonly explanation: string;
}

class Unavailable extends Error {}

/** Two sides that differ by floating-point rounding alone are equal: 0.1 + 0.2 = 0.3. */
const ROUNDING = 1e-9;

function round(value: number): string {
  return String(Number(value.toPrecision(4)));
}

/** Evaluates both sides and compares. What `resolve` throws is not caught. */
export function evaluate(expectation: Expectation, resolve: Resolve): Judgement {
  const seen = new Map<string, string>();
  const missing = new Map<string, string>();

  const numberOf = (expression: Expression): number => {
    switch (expression.kind) {
      case 'number':
        return expression.value;
      case 'negate':
        return -numberOf(expression.of);
      case 'binary':
        return operate(expression.operator, numberOf(expression.left), numberOf(expression.right));
      case 'name': {
        const given = Object.entries(expression.arguments).map(([key, value]) => [key, numberOf(value)] as const);
        const shown = given.map(([key, value]) => `${key}: ${round(value)}`).join(', ');
        const label = shown === '' ? expression.name : `${expression.name}(${shown})`;
        if (given.some(([, value]) => !Number.isFinite(value))) {
          missing.set(label, 'an argument has no finite value (division by zero?)');
          throw new Unavailable();
        }
        const resolved = resolve(expression.name, Object.fromEntries(given));
        if (typeof resolved !== 'number') {
          missing.set(label, resolved.unavailable);
          throw new Unavailable();
        }
        seen.set(label, round(resolved));
        return resolved;
      }
    }
  };
  const side = (expression: Expression): number | null => {
    try {
      const value = numberOf(expression);
      return Number.isFinite(value) ? value : null;
    } catch (error) {
      if (error instanceof Unavailable) return null;
      throw error;
    }
  };

  const left = side(expectation.left);
  const right = side(expectation.right);
  const tolerance = toleranceOf(expectation, right);
  const numbers = [...seen].map(([name, value]) => `${name} = ${value}`).join(', ');
  const base = { left, right, tolerance };
  if (left === null || right === null) {
    const reasons = [...missing].map(([name, why]) => `${name} is not available: ${why}`);
    const why = reasons.length > 0 ? reasons.join('; ') : 'a side has no finite value (division by zero?)';
    return { ...base, held: null, explanation: numbers === '' ? why : `${why} (${numbers})` };
  }
  const held = compare(expectation.comparison, left, right, tolerance ?? 0);
  const sign = held ? expectation.comparison : `not ${expectation.comparison}`;
  const apart = tolerance === null ? '' : `; apart by ${round(Math.abs(left - right))}, tolerance ${round(tolerance)}`;
  const named = numbers === '' ? '' : ` (${numbers})`;
  return { ...base, held, explanation: `${round(left)} ${sign} ${round(right)}${apart}${named}` };
}

function operate(operator: '+' | '-' | '*' | '/', left: number, right: number): number {
  if (operator === '+') return left + right;
  if (operator === '-') return left - right;
  return operator === '*' ? left * right : left / right;
}

function toleranceOf({ tolerance }: Expectation, right: number | null): number | null {
  if (tolerance === null) return null;
  if (tolerance.kind === 'absolute') return tolerance.amount;
  return right === null ? null : tolerance.amount * Math.abs(right);
}

function compare(comparison: Comparison, left: number, right: number, tolerance: number): boolean {
  const rounding = ROUNDING * Math.max(1, Math.abs(left), Math.abs(right));
  const equal = Math.abs(left - right) <= tolerance + rounding;
  switch (comparison) {
    case '=':
      return equal;
    case '!=':
      return !equal;
    case '<':
      return left < right && !equal;
    case '<=':
      return left < right || equal;
    case '>':
      return left > right && !equal;
    case '>=':
      return left > right || equal;
  }
}
