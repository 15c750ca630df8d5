import type { Random } from '../scenario/random.ts';
import { FEWEST, medianInterval } from './bootstrap.ts';
import { type Bounds, medianOf, minus } from './bounds.ts';

/** One arm's values by seed. */
export type BySeed<T> = ReadonlyMap<number, T>;

export interface PairedDifference {
  /** Seeds with a value in both arms. */
  readonly pairs: number;
  /** Of the differences arm − control; `null` without a pair. */
  readonly median: Bounds | null;
  readonly interval: Bounds | null;
  /** Why there is no interval. */
  readonly reason: string | null;
}

/**
 * The median of the differences arm − control, seed by seed. A seed fixes the placement and every draw, so the same
 * seed in two arms is the same accident, and what seeds differ by does not count.
 */
export function pairedDifference(arm: BySeed<Bounds>, control: BySeed<Bounds>, random: Random): PairedDifference {
  const differences = pairsOf(arm, control).map(([one, other]) => minus(one, other));
  const pairs = differences.length;
  if (pairs === 0) return { pairs, median: null, interval: null, reason: 'no seed has a value in both arms' };
  const interval = medianInterval(differences, random);
  const reason = interval === null ? `${pairs} of the ${FEWEST} pairs that an interval needs` : null;
  return { pairs, median: medianOf(differences), interval, reason };
}

export interface PairedOutcome {
  readonly pairs: number;
  /** Seeds that came out yes in this arm and no in the control. */
  readonly onlyHere: number;
  readonly onlyInControl: number;
}

export function pairedOutcome(arm: BySeed<boolean>, control: BySeed<boolean>): PairedOutcome {
  const pairs = pairsOf(arm, control);
  return {
    pairs: pairs.length,
    onlyHere: pairs.filter(([one, other]) => one && !other).length,
    onlyInControl: pairs.filter(([one, other]) => !one && other).length,
  };
}

const pairsOf = <T>(arm: BySeed<T>, control: BySeed<T>): readonly (readonly [T, T])[] =>
  [...arm].flatMap(([seed, one]) => {
    const other = control.get(seed);
    return other === undefined ? [] : [[one, other] as const];
  });
