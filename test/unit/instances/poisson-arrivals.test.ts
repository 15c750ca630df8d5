import { describe, expect, it } from 'vitest';
import { poissonArrivals } from '../../../fixtures/storage/instances/poisson-arrivals.ts';
import { seededRandom } from '../../../fixtures/storage/node/seeded-random.ts';

function firstArrivals(rate: number, count: number, name: string): number[] {
  const next = poissonArrivals(rate, 1000, seededRandom(2011, name));
  return Array.from({ length: count }, next);
}

describe('poissonArrivals', () => {
  it('has the rate, and the spread of a Poisson process', () => {
    const arrivals = firstArrivals(4, 20_000, 'a');
    const gaps = arrivals.map((due, index) => due - (arrivals[index - 1] ?? 1000));
    const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
    const deviation = Math.sqrt(gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length);
    expect(Math.abs(mean - 250)).toBeLessThan(6); // 3 standard errors: 250 / √20000 × 3 = 5.3
    expect(Math.abs(deviation / mean - 1)).toBeLessThan(0.04);
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(0);
  });

  it('repeats itself for the same seed and name, and only then', () => {
    expect(firstArrivals(4, 50, 'a')).toEqual(firstArrivals(4, 50, 'a'));
    expect(firstArrivals(4, 1, 'a')).not.toEqual(firstArrivals(4, 1, 'b'));
  });

  it('never has anything due at a rate of 0', () => {
    expect(firstArrivals(0, 1, 'a')).toEqual([Number.POSITIVE_INFINITY]);
  });
});

it('at a rate of 0 nothing is ever due, whatever is drawn', () => {
  for (const drawn of [0, 0.5]) expect(poissonArrivals(0, 1000, () => drawn)()).toBe(Number.POSITIVE_INFINITY);
});
