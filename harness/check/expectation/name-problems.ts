import { expectedName } from '../../scenario/nearest-name.ts';
import { argumentsOf } from './arguments-of.ts';
import type { Expression } from './expectation.ts';
import { callsIn } from './parse-expectation.ts';

/** What is wrong with a name, and where: the 1-based column in the text that was parsed. */
export interface NameProblem {
  readonly column: number;
  readonly found: string;
  readonly expected: string;
}

type Call = Extract<Expression, { kind: 'name' }>;

/** Of names that are not measured, and of arguments that are not theirs or that they lack. */
export function nameProblems(sides: readonly Expression[], knownNames: readonly string[]): readonly NameProblem[] {
  return sides
    .flatMap((side) => [...callsIn(side)])
    .flatMap((call) => {
      const { name, column } = call;
      if (knownNames.includes(name)) return argumentProblems(call);
      const expected = expectedName(name, knownNames, 'measurement');
      return [{ column, found: `the measurement \`${name}\``, expected }];
    });
}

function argumentProblems({ name, column, arguments: given, argumentColumns }: Call): readonly NameProblem[] {
  const { required, optional } = argumentsOf(name);
  const taken = [...required, ...optional];
  const unknown = Object.keys(given).filter((one) => !taken.includes(one));
  const missing = required.filter((one) => !Object.hasOwn(given, one));
  const of = `argument of \`${name}\``;
  // A misspelt one is not told a second time as missing.
  if (unknown.length > 0) {
    return unknown.map((one) => ({
      column: argumentColumns[one] ?? column,
      found: `the argument \`${one}\` of \`${name}\``,
      expected: expectedName(one, taken, of),
    }));
  }
  return missing.map((one) => ({
    column,
    found: `\`${name}\` without its argument \`${one}\``,
    expected: `\`${name}(${one}: …)\``,
  }));
}
