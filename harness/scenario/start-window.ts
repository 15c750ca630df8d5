import { type Problem, problemAt } from './bad-input-error.ts';
import { parseSeconds, QuantityError } from './quantity.ts';
import type { ScenarioFault } from './scenario.ts';

type Timed = Pick<ScenarioFault, 'at' | 'placeOf'>;

/** Between which times it begins, s after its phase does: `at`, or what `between` says. Left out: at once. */
export function startWindow({ at, placeOf }: Timed, problems: Problem[]): readonly [number, number] {
  const time = (raw: string, path: readonly PropertyKey[]) => secondsAt(placeOf, raw, path, problems);
  if (at === null) return [0, 0];
  if (typeof at === 'string') {
    const seconds = time(at, ['at']);
    return [seconds, seconds];
  }
  const from = time(at[0], ['at', 'between', 0]);
  const to = time(at[1], ['at', 'between', 1]);
  if (to < from) problems.push(problemAt(placeOf(['at', 'between', 1]), `${to} s`, `at least ${from} s`));
  return [from, Math.max(from, to)];
}

/** A duration, s; 0 when it is not one, which is reported. */
export function secondsAt(
  placeOf: ScenarioFault['placeOf'],
  raw: string,
  path: readonly PropertyKey[],
  problems: Problem[],
): number {
  try {
    return parseSeconds(raw);
  } catch (error) {
    if (!(error instanceof QuantityError)) throw error;
    problems.push(problemAt(placeOf(path), `\`${raw}\``, error.expected));
    return 0;
  }
}
