import { SAFETY_METRICS, type SafetyMetric } from '../check/safety.ts';
import type { Observation } from './observation.ts';

const WORDS: Readonly<Record<SafetyMetric, (found: string) => string>> = {
  'ledger.lost': (found) => `lost ${found} acknowledged extents`,
  'databases.lostCommits': (found) => `lost ${found} acknowledged commits of databases`,
  'databases.multi.lostCommits': (found) => `lost ${found} acknowledged commits of multi-zone databases`,
  'databases.multi.dualPrimaries': (found) => `had two primaries at once in ${found} multi-zone databases`,
};

/**
 * What must never be and was found in a run, a note each. No load on the machine excuses it, so it is told although
 * the run does not count; and a run that counts may be compared by other numbers, which do not show it.
 */
export function lossesOf({ arm, seed, state, values }: Observation): readonly string[] {
  const count = state === 'inconclusive' ? ' is inconclusive and' : '';
  return SAFETY_METRICS.flatMap((name) => {
    const found = foundOf(values, name);
    return found === null ? [] : [`${arm}, seed ${seed}${count} ${WORDS[name](found)}`];
  });
}

/** `null`: none that is known of, also where the plan has nothing of the kind. */
function foundOf(values: Observation['values'], name: SafetyMetric): string | null {
  const found = values.get(name);
  if (typeof found === 'number') return found > 0 ? String(found) : null;
  return found !== undefined && 'atLeast' in found && found.atLeast > 0 ? `at least ${found.atLeast}` : null;
}
