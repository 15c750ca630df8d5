import { type Comparison, type Expectation, ExpectationError, type Expression, type Tolerance } from './expectation.ts';
import { type Token, tokenize } from './tokenize.ts';

const COMPARISONS: readonly string[] = ['=', '!=', '<', '<=', '>', '>='] satisfies Comparison[];
const isComparison = (text: string): text is Comparison => COMPARISONS.includes(text);

/** Factor from a number's unit to the language's own units: seconds, and shares of 0..1. */
const UNITS: Readonly<Record<string, number>> = { s: 1, ms: 0.001, min: 60, '%': 0.01, points: 0.01, x: 1 };

/** Deepest nesting of parentheses and signs: an expectation is one line. */
const DEPTH_MAX = 50;

class Parser {
  private readonly text: string;
  private readonly tokens: readonly Token[];
  private position = 0;
  private depth = 0;

  constructor(text: string) {
    this.text = text;
    this.tokens = tokenize(text);
  }

  /** One side by itself. */
  arithmetic(): Expression {
    const expression = this.sum();
    if (this.peek().kind !== 'end') throw this.unexpected(this.peek(), 'an operator or the end of the line');
    return expression;
  }

  expectation(): Expectation {
    const left = this.sum();
    const sign = this.take();
    if (!isComparison(sign.text)) throw this.unexpected(sign, `a comparison (${COMPARISONS.join(' ')})`);
    const right = this.sum();
    const tolerance = this.tolerance(sign.text);
    if (this.peek().kind !== 'end') throw this.unexpected(this.peek(), 'the end of the line');
    return { text: this.text, comparison: sign.text, left, right, tolerance };
  }

  private tolerance(comparison: Comparison): Tolerance | null {
    const sign = this.peek();
    if (!this.accept('±')) return null;
    if (comparison !== '=' && comparison !== '!=') {
      throw new ExpectationError(sign.column, `± with \`${comparison}\``, '± only with = or !=');
    }
    const number = this.take();
    if (number.kind !== 'number') throw this.unexpected(number, 'a number after ±');
    const unit = this.unit();
    const amount = Number(number.text) * (unit === null ? 1 : (UNITS[unit] ?? 1));
    return { kind: unit === '%' ? 'relative' : 'absolute', amount };
  }

  private sum(): Expression {
    let left = this.product();
    for (;;) {
      const operator = this.accept('+') ?? this.accept('-');
      if (operator === undefined) return left;
      left = { kind: 'binary', operator, left, right: this.product() };
    }
  }

  private product(): Expression {
    let left = this.operand();
    for (;;) {
      const operator = this.accept('*') ?? this.accept('/');
      if (operator === undefined) return left;
      left = { kind: 'binary', operator, left, right: this.operand() };
    }
  }

  private operand(): Expression {
    const token = this.take();
    this.depth += 1;
    if (this.depth > DEPTH_MAX) throw this.unexpected(token, `at most ${DEPTH_MAX} nested parts`);
    try {
      if (token.text === '-') return { kind: 'negate', of: this.operand() };
      if (token.text === '(') {
        const inner = this.sum();
        this.require(')');
        return inner;
      }
      if (token.kind === 'number') return this.number(token);
      if (token.kind === 'name') return this.name(token);
      throw this.unexpected(token, 'a number, a name or (');
    } finally {
      this.depth -= 1;
    }
  }

  private number(token: Token): Expression {
    const unit = this.unit();
    const value = Number(token.text) * (unit === null ? 1 : (UNITS[unit] ?? 1));
    return { kind: 'number', value: Number(value.toPrecision(12)), text: `${token.text}${unit ?? ''}` };
  }

  /** A unit may stand against its number or after a space; any other word there is a mistake. */
  private unit(): string | null {
    const token = this.peek();
    if (token.text === '%' || (token.kind === 'name' && Object.hasOwn(UNITS, token.text))) return this.take().text;
    if (token.kind === 'name') throw this.unexpected(token, `a unit (${Object.keys(UNITS).join(', ')}) or an operator`);
    return null;
  }

  private name(token: Token): Expression {
    const named: Record<string, Expression> = {};
    const argumentColumns: Record<string, number> = {};
    if (this.accept('(')) {
      do {
        const argument = this.take();
        if (argument.kind !== 'name') throw this.unexpected(argument, 'the name of an argument, as in (at: …)');
        if (Object.hasOwn(named, argument.text)) throw this.unexpected(argument, 'each argument once');
        this.require(':');
        argumentColumns[argument.text] = argument.column;
        named[argument.text] = this.sum();
      } while (this.accept(','));
      this.require(')');
    }
    return { kind: 'name', name: token.text, column: token.column, arguments: named, argumentColumns };
  }

  private peek(): Token {
    return this.tokens[this.position] ?? { kind: 'end', text: 'the end of the line', column: this.text.length + 1 };
  }

  private take(): Token {
    const token = this.peek();
    this.position += 1;
    return token;
  }

  private accept<T extends string>(symbol: T): T | undefined {
    if (this.peek().kind !== 'symbol' || this.peek().text !== symbol) return undefined;
    this.position += 1;
    return symbol;
  }

  private require(symbol: string): void {
    const token = this.take();
    if (token.text !== symbol) throw this.unexpected(token, `\`${symbol}\``);
  }

  private unexpected(token: Token, expected: string): ExpectationError {
    return new ExpectationError(token.column, token.kind === 'end' ? token.text : `\`${token.text}\``, expected);
  }
}

/**
 * Parses one `expect:` line, for example `storm.seconds >= 10 * trigger.seconds` or
 * `storm.stuckShare(at: trigger.end + 10s) = (D − F) / V ± 5 points`.
 * @throws ExpectationError with the column of the first thing that does not fit.
 */
export function parseExpectation(text: string): Expectation {
  return new Parser(text).expectation();
}

/**
 * Parses one side of an expectation by itself, for example `storm.seconds / trigger.seconds`.
 * @throws ExpectationError with the column of the first thing that does not fit.
 */
export function parseArithmetic(text: string): Expression {
  return new Parser(text).arithmetic();
}

/** Every name that the arithmetic uses with its arguments, each before those in its arguments. */
export function* callsIn(expression: Expression): Generator<Extract<Expression, { kind: 'name' }>> {
  if (expression.kind === 'name') {
    yield expression;
    for (const argument of Object.values(expression.arguments)) yield* callsIn(argument);
  } else if (expression.kind === 'negate') {
    yield* callsIn(expression.of);
  } else if (expression.kind === 'binary') {
    yield* callsIn(expression.left);
    yield* callsIn(expression.right);
  }
}

/** Every name that the expectation uses, with its 1-based column. */
export function namesOf(expectation: Expectation): { name: string; column: number }[] {
  const calls = [...callsIn(expectation.left), ...callsIn(expectation.right)];
  return calls.map(({ name, column }) => ({ name, column }));
}
