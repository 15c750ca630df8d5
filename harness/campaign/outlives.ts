import type { MetricValue } from '../check/metrics.ts';

/** The storm outlives its trigger when it lasts more than so many times as long, unless asked otherwise. */
export const OUTLIVES_DEFAULT = 10;

/**
 * Whether a run's storm outlived its trigger: it had not ended when the record did, or it lasted more than `factor`
 * times the trigger. `null`: the run cannot tell.
 */
export function outlives(storm: MetricValue, trigger: MetricValue, factor: number): boolean | null {
  if (typeof storm !== 'number') return 'atLeast' in storm ? true : null;
  if (storm === 0) return false;
  return typeof trigger === 'number' ? storm > factor * trigger : null;
}

/** More than half of the seeds that can tell; `null` unless more than half of all can. */
export function majority(each: readonly (boolean | null)[]): boolean | null {
  const told = each.filter((one) => one !== null);
  if (told.length * 2 <= each.length) return null;
  return told.filter(Boolean).length * 2 > told.length;
}
