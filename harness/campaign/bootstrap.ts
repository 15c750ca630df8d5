import type { Random } from '../scenario/random.ts';
import { type Bounds, medianOf } from './bounds.ts';

export const RESAMPLES = 10_000;
export const CONFIDENCE = 0.95;

/**
 * Below this even the range from the least to the largest value covers the median of what it was drawn from in fewer
 * than 90 of 100 cases (1 − 2^(1 − n): 87.5 % of 4 values, 93.8 % of 5), so nothing can be called a 95 % interval.
 */
export const FEWEST = 5;

/**
 * An interval for the median by the percentile bootstrap: the list is drawn anew from itself, with replacement, and
 * the interval is the middle 95 % of the medians. B. Efron and R. J. Tibshirani, An Introduction to the Bootstrap
 * (1993), chapter 13. Of values that are known only as bounds the lower end comes from the lower bounds and the upper
 * end from the upper ones, so that it holds whatever the values were.
 *
 * Own code, as it is these few lines, and as statistics libraries take numbers and not bounds.
 *
 * @returns `null` for fewer than `FEWEST` values
 */
export function medianInterval(values: readonly Bounds[], random: Random, resamples = RESAMPLES): Bounds | null {
  const { length } = values;
  if (length < FEWEST) return null;
  const lows = new Float64Array(resamples);
  const highs = new Float64Array(resamples);
  const unknown: Bounds = { low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY };
  for (let i = 0; i < resamples; i += 1) {
    const drawn = Array.from({ length }, () => values[random.below(length)] ?? unknown);
    const { low, high } = medianOf(drawn);
    lows[i] = low;
    highs[i] = high;
  }
  lows.sort();
  highs.sort();
  const outside = (1 - CONFIDENCE) / 2;
  const low = lows[Math.floor(outside * resamples)] ?? unknown.low;
  const high = highs[Math.ceil((1 - outside) * resamples) - 1] ?? unknown.high;
  return { low, high };
}
