import { describe, expect, test } from 'vitest';
import { medianInterval } from '../../../harness/campaign/bootstrap.ts';
import {
  atLeast,
  exactly,
  fromJson,
  leastOf,
  medianOf,
  minus,
  mostOf,
  toJson,
} from '../../../harness/campaign/bounds.ts';
import { pairedDifference, pairedOutcome } from '../../../harness/campaign/paired.ts';
import { type Random, randomFor } from '../../../harness/scenario/random.ts';

const { POSITIVE_INFINITY: INFINITY, NEGATIVE_INFINITY } = Number;
const all = (...values: number[]) => values.map(exactly);

describe('medians of what is known only as bounds', () => {
  test('known values have a known median', () => {
    expect(medianOf(all(5, 1, 3))).toEqual(exactly(3));
    expect(medianOf(all(4, 1, 3, 2))).toEqual(exactly(2.5));
  });

  test('censored values above the middle change nothing', () => {
    expect(medianOf([...all(10, 20, 30), atLeast(300), atLeast(300)])).toEqual(exactly(30));
  });

  test('where they reach the middle, the median is a lower bound and never the bound itself', () => {
    expect(medianOf([...all(10), atLeast(300), atLeast(310)])).toEqual(atLeast(300));
    expect(medianOf([...all(10), atLeast(300)])).toEqual({ low: 155, high: INFINITY });
  });

  test('a record that ended early may hide a value in the middle', () => {
    expect(medianOf([...all(40, 60), atLeast(50)])).toEqual({ low: 50, high: 60 });
  });

  test('least and most', () => {
    const values = [...all(40), atLeast(50)];
    expect(leastOf(values)).toEqual(exactly(40));
    expect(mostOf(values)).toEqual(atLeast(50));
    expect(leastOf([atLeast(50), atLeast(60)])).toEqual(atLeast(50));
  });

  test('differences: a bound of one side becomes one of the difference, and two of them say nothing', () => {
    expect(minus(exactly(5), exactly(2))).toEqual(exactly(3));
    expect(minus(exactly(5), atLeast(300))).toEqual({ low: NEGATIVE_INFINITY, high: -295 });
    expect(minus(atLeast(300), exactly(5))).toEqual(atLeast(295));
    expect(minus(atLeast(300), atLeast(300))).toEqual({ low: NEGATIVE_INFINITY, high: INFINITY });
  });

  test('JSON has null where nothing is known', () => {
    for (const bounds of [exactly(3), atLeast(2), minus(exactly(1), atLeast(3))]) {
      expect(fromJson(JSON.parse(JSON.stringify(toJson(bounds))))).toEqual(bounds);
    }
    expect(toJson(atLeast(2))).toEqual({ atLeast: 2, atMost: null });
  });
});

/** P(at least `from` of n draws are among the k smallest of n). */
function binomialTail(n: number, p: number, from: number): number {
  let sum = 0;
  let ways = 1;
  for (let k = 0; k <= n; k += 1) {
    if (k >= from) sum += ways * p ** k * (1 - p) ** (n - k);
    ways = (ways * (n - k)) / (k + 1);
  }
  return sum;
}

describe('bootstrap interval of a median', () => {
  test.each([5, 7, 9, 11, 15, 21])('of %i different values is the one that the exact distribution gives', (n) => {
    const values = Array.from({ length: n }, (_, index) => 2 ** index);
    // The median of a resample is at most the k-th value when more than half of its draws are among the first k.
    const atMost = (k: number) => binomialTail(n, k / n, (n + 1) / 2);
    const rank = (share: number) => values.findIndex((_, index) => atMost(index + 1) >= share);
    const interval = medianInterval(all(...values), randomFor(1, 'test'), 20_000);
    expect(interval).toEqual({ low: values[rank(0.025)], high: values[rank(0.975)] });
  });

  test('covers the true median about as often as it says, for small numbers of seeds', () => {
    const covered = (n: number): number => {
      const random = randomFor(7, `coverage/${n}`);
      const trials = 600;
      let hits = 0;
      for (let trial = 0; trial < trials; trial += 1) {
        const interval = medianInterval(all(...Array.from({ length: n }, () => normal(random))), random, 400);
        if (interval !== null && interval.low <= 0 && interval.high >= 0) hits += 1;
      }
      return hits / trials;
    };
    // 1 − 2^(1 − 5) is 0.9375; that of eight lies near it, and never much above or below what is promised.
    expect(covered(5)).toBeCloseTo(0.9375, 1);
    expect(covered(8)).toBeGreaterThan(0.91);
    expect(covered(8)).toBeLessThan(0.99);
    expect(covered(16)).toBeGreaterThan(0.91);
  });

  test('fewer than five values have none', () => {
    expect(medianInterval(all(1, 2, 3, 4), randomFor(1, 'test'))).toBeNull();
  });

  test('is the same for the same source of randomness', () => {
    const values = all(3, 1, 4, 1.5, 9, 2.6, 5);
    expect(medianInterval(values, randomFor(1, 'a'), 500)).toEqual(medianInterval(values, randomFor(1, 'a'), 500));
  });

  test('of censored values is open where they allow anything', () => {
    const never = Array.from({ length: 8 }, () => atLeast(300));
    expect(medianInterval(never, randomFor(1, 'test'))).toEqual(atLeast(300));
    const shorter = Array.from({ length: 8 }, (_, index) => minus(exactly(index), atLeast(300)));
    const interval = medianInterval(shorter, randomFor(1, 'test'));
    expect(interval?.low).toBe(NEGATIVE_INFINITY);
    expect(interval?.high).toBeLessThan(-290);
  });
});

/** Box and Muller's. */
const normal = (random: Random): number =>
  Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());

describe('pairs', () => {
  const bySeed = <T>(...values: readonly T[]) => new Map(values.map((value, index) => [index + 1, value]));

  test('what seeds differ by does not count', () => {
    const control = bySeed(...all(10, 1000, 20, 500, 3));
    const arm = bySeed(...all(11, 1001, 21, 501, 4));
    const { pairs, median, interval } = pairedDifference(arm, control, randomFor(1, 'test'));
    expect({ pairs, median, interval }).toEqual({ pairs: 5, median: exactly(1), interval: exactly(1) });
  });

  test('a seed that only one arm has is no pair', () => {
    const control = new Map([[1, exactly(1)]]);
    expect(pairedDifference(new Map([[2, exactly(5)]]), control, randomFor(1, 'test'))).toMatchObject({
      pairs: 0,
      median: null,
      reason: 'no seed has a value in both arms',
    });
    expect(pairedDifference(new Map([[1, exactly(5)]]), control, randomFor(1, 'test'))).toMatchObject({
      pairs: 1,
      median: exactly(4),
      interval: null,
      reason: '1 of the 5 pairs that an interval needs',
    });
  });

  test('of yes and no the seeds count that differ', () => {
    expect(pairedOutcome(bySeed(true, true, false, true), bySeed(false, true, true, false))).toEqual({
      pairs: 4,
      onlyHere: 2,
      onlyInControl: 1,
    });
  });
});
