/**
 * What an `expect:` line says, as a tree. Shares are 0..1, times are seconds: `5 points` is 0.05, `99 %` is 0.99,
 * `750ms` is 0.75, `12x` is 12.
 */
export interface Expectation {
  /** As written. */
  readonly text: string;
  readonly comparison: Comparison;
  readonly left: Expression;
  readonly right: Expression;
  /** Only with `=` and `!=`. */
  readonly tolerance: Tolerance | null;
}

export type Comparison = '=' | '!=' | '<' | '<=' | '>' | '>=';

/** `absolute`: in the measure's own unit (`± 5 points`, `± 2s`). `relative`: a share of the right side (`± 5 %`). */
export interface Tolerance {
  readonly kind: 'absolute' | 'relative';
  readonly amount: number;
}

export type Expression =
  | { readonly kind: 'number'; readonly value: number; readonly text: string }
  | {
      readonly kind: 'name';
      readonly name: string;
      /** 1-based, in the expectation's text. */
      readonly column: number;
      readonly arguments: Readonly<Record<string, Expression>>;
      /** Of each argument's name; 1-based as well. */
      readonly argumentColumns: Readonly<Record<string, number>>;
    }
  | { readonly kind: 'negate'; readonly of: Expression }
  | {
      readonly kind: 'binary';
      readonly operator: '+' | '-' | '*' | '/';
      readonly left: Expression;
      readonly right: Expression;
    };

/** A line that is not in the language. `column` is 1-based, in the expectation's text. */
export class ExpectationError extends Error {
  readonly column: number;
  readonly found: string;
  readonly expected: string;
  constructor(column: number, found: string, expected: string) {
    super(`column ${column}: found ${found}, expected ${expected}`);
    this.name = 'ExpectationError';
    this.column = column;
    this.found = found;
    this.expected = expected;
  }
}
