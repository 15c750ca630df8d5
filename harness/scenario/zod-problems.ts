import { z } from 'zod';
import { type Problem, problemAt } from './bad-input-error.ts';
import { expectedName } from './nearest-name.ts';
import type { YamlSource } from './yaml-source.ts';

/**
 * An object that refuses keys it does not know. Its message has one line for each unknown key, in the order of the
 * issue's `keys`, saying what was expected there; {@link zodProblems} takes it apart again.
 */
export function strictObject<S extends z.core.$ZodLooseShape>(shape: S): z.ZodObject<S, z.core.$strict> {
  const names = Object.keys(shape);
  return z.strictObject(shape, {
    error: (issue) => {
      if (issue.code !== 'unrecognized_keys') return undefined;
      const keys = Array.isArray(issue.keys) ? issue.keys.map(String) : [];
      return keys.map((key) => expectedName(key, names, 'key')).join('\n');
    },
  });
}

/** A value as an error message shows it. */
export function show(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  if (typeof value === 'object') return 'a mapping';
  const text = typeof value === 'string' ? `\`${value}\`` : String(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  let value = root;
  for (const step of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = Reflect.get(value, step);
  }
  return value;
}

const WORDS: Readonly<Record<string, string>> = {
  object: 'a mapping',
  record: 'a mapping',
  array: 'a list',
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
};

/** In our schemas a message of their own is the text of what was expected; zod's own all begin with these words. */
function expectedBy(issue: z.core.$ZodIssue): string {
  if (!/^(Invalid|Too )/.test(issue.message)) return issue.message;
  if (issue.code === 'invalid_type') return WORDS[issue.expected] ?? issue.expected;
  if (issue.code === 'invalid_value') return issue.values.map(String).join(' or ');
  if (issue.code === 'too_small') return `at least ${issue.minimum}`;
  if (issue.code === 'too_big') return `at most ${issue.maximum}`;
  return issue.message.replace(/^Invalid input: expected /, '');
}

/** Every issue that zod found, at its place in the file. */
export function zodProblems(error: z.ZodError, source: YamlSource): Problem[] {
  const pathOf = (issue: z.core.$ZodIssue): string => JSON.stringify(issue.path.map(String));
  const misspelt = new Set(error.issues.filter((issue) => issue.code === 'unrecognized_keys').map(pathOf));
  return error.issues.flatMap((issue) => {
    // What a mapping lacks is not worth saying beside the misspelt key that it has instead.
    if (issue.code === 'custom' && misspelt.has(pathOf(issue))) return [];
    if (issue.code === 'unrecognized_keys') {
      const expected = issue.message.split('\n');
      return issue.keys.map((key, i) =>
        problemAt(source.placeOf([...issue.path, key], 'key'), `the key \`${key}\``, expected[i] ?? 'no such key'),
      );
    }
    if (issue.code === 'invalid_key') {
      const expected = issue.issues[0]?.message ?? 'another name';
      return [problemAt(source.placeOf(issue.path, 'key'), `the name ${show(issue.path.at(-1))}`, expected)];
    }
    const value = valueAt(source.value, issue.path);
    const name = issue.path.at(-1);
    const found = value === undefined && typeof name === 'string' ? `no \`${name}\`` : show(value);
    return [problemAt(source.placeOf(issue.path), found, expectedBy(issue))];
  });
}
