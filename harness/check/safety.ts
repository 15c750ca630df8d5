import type { Measurements } from '../measure/measure-run.ts';
import { namesOf, parseExpectation } from './expectation/parse-expectation.ts';
import { resolveMetric } from './resolve-metric.ts';
import type { Held } from './verdict.ts';

/** What must never be above 0, whatever is wrong with the run: a machine's load excuses none of them. */
export const SAFETY_METRICS = [
  'ledger.lost',
  'databases.lostCommits',
  'databases.multi.lostCommits',
  'databases.multi.dualPrimaries',
] as const;
export type SafetyMetric = (typeof SAFETY_METRICS)[number];

/** Of an expectation's text; none where it cannot be read. */
export function safetyMetricsIn(text: string): readonly string[] {
  try {
    const names = new Set(namesOf(parseExpectation(text)).map(({ name }) => name));
    return SAFETY_METRICS.filter((name) => names.has(name));
  } catch {
    return [];
  }
}

/** A loss that was found fails a run whose scenario forgot to ask. What it does ask for is its own affair. */
export function unaskedLosses(measurements: Measurements): readonly Held[] {
  const asked = new Set(measurements.frame.plan.expectations.flatMap(({ text }) => safetyMetricsIn(text)));
  return SAFETY_METRICS.filter((name) => !asked.has(name)).flatMap((name): Held[] => {
    const found = foundAtLeast(measurements, name);
    const explanation = `${name} is at least ${found}, and no expectation of the scenario is about it`;
    return found === 0 ? [] : [{ text: `${name} = 0`, held: false, explanation, isSafety: true }];
  });
}

/** 0 where nothing was found, also where nobody could look: that is told as not verified. */
function foundAtLeast(measurements: Measurements, name: string): number {
  const value = resolveMetric(measurements, name, {});
  if (typeof value === 'number') return value;
  return 'unavailable' in value ? 0 : value.atLeast;
}
