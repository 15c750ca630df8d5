/** A place in a file that a person wrote. Lines and columns count from 1. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** A value together with where it was written, so that a later check can still say where the mistake is. */
export interface Located<T> {
  readonly value: T;
  readonly at: Place;
}

/** One mistake in a scenario, a topology or a `--set`. */
export interface Problem extends Place {
  readonly expected: string;
  readonly found: string;
}

export function problemAt(at: Place, found: string, expected: string): Problem {
  return { file: at.file, line: at.line, column: at.column, found, expected };
}

/**
 * Input that a person has to mend (exit code 64). The fields are those of the first problem; `problems` has all of
 * them and the message one line for each: `file:line:column: found …, expected …`.
 */
export class BadInputError extends Error implements Problem {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly expected: string;
  readonly found: string;
  readonly problems: readonly Problem[];

  constructor(first: Problem, ...others: readonly Problem[]) {
    const problems = [first, ...others];
    super(problems.map((p) => `${p.file}:${p.line}:${p.column}: found ${p.found}, expected ${p.expected}`).join('\n'));
    this.name = 'BadInputError';
    this.file = first.file;
    this.line = first.line;
    this.column = first.column;
    this.expected = first.expected;
    this.found = first.found;
    this.problems = problems;
  }
}

/** Throws one error for all problems, in the order of their places; does nothing when there are none. */
export function throwIfAny(problems: readonly Problem[]): void {
  // The same thing may be found twice, as by two links between the same services.
  const unlike = new Map(problems.map((p) => [[p.file, p.line, p.column, p.found, p.expected].join('\n'), p]));
  const [first, ...others] = [...unlike.values()].sort(
    (a, b) => a.file.localeCompare(b.file) || a.line - b.line || a.column - b.column,
  );
  if (first !== undefined) throw new BadInputError(first, ...others);
}
