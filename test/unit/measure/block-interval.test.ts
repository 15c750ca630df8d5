import { describe, expect, test } from 'vitest';
import {
  type BlockInterval,
  blockInterval,
  studentQuantile95,
  type Trial,
} from '../../../harness/measure/block-interval.ts';
import { wilson } from '../../../harness/measure/wilson.ts';
import { randomFor } from '../../../harness/scenario/random.ts';

/** Eight requests a second, which fail while `isOut` says so. */
const requests = (seconds: number, isOut: (t: number) => boolean, perSecond = 8): Trial[] =>
  Array.from({ length: seconds * perSecond }, (_, i) => (i * 1000) / perSecond).map((t) => ({ t, ok: !isOut(t) }));
const over = (seconds: number, trials: readonly Trial[]) => blockInterval(trials, { startT: 0, endT: seconds * 1000 });

function intervalOf(seconds: number, trials: readonly Trial[]): BlockInterval {
  const found = over(seconds, trials);
  if (typeof found === 'string') throw new Error(found);
  return found;
}

test('Student’s quantiles', () => {
  for (const [degrees, quantile] of [
    [5, 2.5706],
    [10, 2.2281],
    [30, 2.0423],
    [1000, 1.9623],
  ] as const) {
    expect(Math.abs(studentQuantile95(degrees) / quantile - 1)).toBeLessThan(0.002);
  }
});

describe('an interval counts outages', () => {
  test('one of a second says the same however many requests it hit', () => {
    const outage = (t: number) => t >= 20_000 && t < 21_000;
    const [few, many] = [8, 800].map((rate) => intervalOf(60, requests(60, outage, rate)));
    expect(few?.low).toBeCloseTo(many?.low ?? 0, 6);
    expect(few?.high).toBeCloseTo(many?.high ?? 0, 6);
    expect(few?.low).toBeLessThan(0.92);
    expect(few?.high).toBeGreaterThan(0.99);
    const independent = wilson(59 / 60, 60 * 800);
    expect((few?.high ?? 0) - (few?.low ?? 0)).toBeGreaterThan(
      20 * ((independent?.high ?? 0) - (independent?.low ?? 0)),
    );
  });

  test('blocks are as long as an outage lasts, and one that lasts too long leaves none', () => {
    const every = (period: number, out: number) => (t: number) => t % (period * 1000) < out * 1000;
    expect(intervalOf(600, requests(600, every(60, 6))).blockSeconds).toBeGreaterThan(6);
    expect(
      over(
        34,
        requests(34, (t) => t >= 8000 && t < 18_000),
      ),
    ).toBe('outages are too long for 34.0 s');
    expect(
      over(
        5,
        requests(5, () => false),
      ),
    ).toBe('5.0 s are too short');
    expect(over(60, [])).toBe('nothing was offered');
  });

  test('without an outage a second of one may have been missed; requests that fail by themselves are trials', () => {
    const well = intervalOf(
      60,
      requests(60, () => false),
    );
    expect(well).toMatchObject({ blocks: 60, blockSeconds: 1, high: 1 });
    expect(well.low).toBeGreaterThan(0.9);
    expect(well.low).toBeLessThan(0.96);
    const random = randomFor(1, 'fails by itself');
    const trials = requests(120, () => random.next() < 0.1, 20);
    const interval = intervalOf(120, trials);
    const independent = wilson(0.9, trials.length);
    expect((interval.high - interval.low) / ((independent?.high ?? 0) - (independent?.low ?? 0))).toBeGreaterThan(0.7);
    expect((interval.high - interval.low) / ((independent?.high ?? 0) - (independent?.low ?? 0))).toBeLessThan(1.5);
  });
});

describe('of outages that come at random, the interval has the true share in about 95 of 100 runs', () => {
  test.each([
    { upSeconds: 18, downSeconds: 2, seconds: 300 },
    { upSeconds: 9, downSeconds: 1, seconds: 70 },
    { upSeconds: 5, downSeconds: 0.2, seconds: 70 },
  ])('up for $upSeconds s and down for $downSeconds s on average, seen for $seconds s', (process) => {
    const { upSeconds, downSeconds, seconds } = process;
    const random = randomFor(7, JSON.stringify(process));
    const truth = upSeconds / (upSeconds + downSeconds);
    const lasts = (mean: number) => -Math.log(1 - random.next()) * mean * 1000;
    const counts = { told: 0, right: 0, asIfIndependent: 0, runs: 400 };
    for (let run = 0; run < counts.runs; run += 1) {
      let up = random.next() < truth;
      let until = lasts(up ? upSeconds : downSeconds);
      const trials = requests(seconds, (t) => {
        for (; t >= until; until += lasts(up ? upSeconds : downSeconds)) up = !up;
        return !up;
      });
      const found = over(seconds, trials);
      const has = (interval: { readonly low: number; readonly high: number } | null) =>
        interval !== null && interval.low <= truth && truth <= interval.high;
      if (has(wilson(trials.filter(({ ok }) => ok).length / trials.length, trials.length))) counts.asIfIndependent += 1;
      if (typeof found === 'string') continue;
      counts.told += 1;
      if (has(found)) counts.right += 1;
    }
    expect(counts.told / counts.runs).toBeGreaterThan(0.75);
    // Of a few blocks it is a little less; of trials taken as independent it is far less.
    expect(counts.right / counts.told).toBeGreaterThan(0.88);
    expect(counts.asIfIndependent / counts.runs).toBeLessThan(0.8);
  });
});
