import { describe, expect, test } from 'vitest';
import { bins } from '../../../harness/measure/bins.ts';
import { Counter } from '../../../harness/measure/counter.ts';
import { latencyOf } from '../../../harness/measure/latency.ts';
import { mergeIntervals, StepCount } from '../../../harness/measure/step-count.ts';
import { wilson } from '../../../harness/measure/wilson.ts';

describe('Counter', () => {
  const counter = new Counter([
    { t: 0, value: 100 },
    { t: 1000, value: 200 },
    { t: 3000, value: 600 },
  ]);
  test('counts between samples, evenly', () => {
    expect(counter.in({ startT: 0, endT: 3000 })).toBe(500);
    expect(counter.in({ startT: 500, endT: 2000 })).toBe(250);
  });
  test('counts nothing outside of its samples', () => {
    expect(counter.in({ startT: -5000, endT: 0 })).toBe(0);
    expect(counter.in({ startT: 3000, endT: 9000 })).toBe(0);
    expect(new Counter([]).in({ startT: 0, endT: 9 })).toBe(0);
  });
  test('a program that starts again counts from 0', () => {
    const restarted = new Counter([
      { t: 0, value: 100 },
      { t: 1000, value: 150 },
      { t: 2000, value: 30 },
    ]);
    expect(restarted.in({ startT: 0, endT: 2000 })).toBe(80);
  });
  test('the exact window lies between samples inside', () => {
    expect(counter.exactWindow({ startT: 1, endT: 3000 })).toEqual({ startT: 1000, endT: 3000 });
    expect(counter.exactWindow({ startT: 1, endT: 2999 })).toBeNull();
  });
});

describe('StepCount', () => {
  const steps = new StepCount([
    { startT: 10, endT: 20 },
    { startT: 15, endT: Number.POSITIVE_INFINITY },
  ]);
  test('begins included, ends not', () => {
    expect([9, 10, 14, 15, 19, 20, 1e9].map((t) => steps.at(t))).toEqual([0, 1, 1, 2, 2, 1, 1]);
  });
  test('stretches have no gap', () => {
    expect(steps.stretches(12, 30)).toEqual([
      { startT: 12, endT: 15, count: 1 },
      { startT: 15, endT: 20, count: 2 },
      { startT: 20, endT: 30, count: 1 },
    ]);
    expect(steps.max(12, 15)).toBe(1);
  });
  test('one volume with two hung operations is one stuck volume', () => {
    const merged = mergeIntervals([
      { startT: 5, endT: 9 },
      { startT: 1, endT: 6 },
      { startT: 12, endT: 13 },
    ]);
    expect(merged).toEqual([
      { startT: 1, endT: 9 },
      { startT: 12, endT: 13 },
    ]);
  });
});

describe('latencyOf', () => {
  const exact = (n: number) => Array.from({ length: n }, (_, index) => ({ ms: index + 1, censored: false }));
  test('nearest ranks of 1…100', () => {
    expect(latencyOf(exact(100))).toMatchObject({ n: 100, p50Ms: 50, p95Ms: 95, p99Ms: 99, maxMs: 100, reason: null });
  });
  test('no percentile from too few', () => {
    expect(latencyOf(exact(99))).toMatchObject({ p95Ms: 95, p99Ms: null, reason: expect.stringContaining('99') });
    expect(latencyOf(exact(19))).toMatchObject({ p50Ms: 10, p95Ms: null });
    expect(latencyOf([])).toMatchObject({ n: 0, p50Ms: null, maxMs: null });
  });
  test('a quick failure is slower than any success, and a lower bound', () => {
    const samples = [...exact(98), { ms: 0.1, censored: true }, { ms: 5000, censored: true }];
    expect(latencyOf(samples)).toMatchObject({
      p95Ms: 95,
      p95AtLeast: false,
      p99Ms: 98,
      p99AtLeast: true,
      maxMs: 5000,
      maxAtLeast: true,
    });
  });
});

test('bins lie on zero and are whole', () => {
  const list = bins({ startT: 950, endT: 3400 }, 2000, 500);
  expect(list.map((bin) => bin.startT)).toEqual([1000, 1500, 2000, 2500]);
});

test('Wilson’s bounds are the shares that lie 1.96 standard errors of their own from what was seen', () => {
  for (const [successes, trials] of [
    [8, 10],
    [1, 3],
    [990, 1000],
  ] as const) {
    const seen = successes / trials;
    const { low, high } = wilson(seen, trials) ?? { low: 0, high: 0 };
    for (const bound of [low, high]) {
      const standardErrors = Math.abs(seen - bound) / Math.sqrt((bound * (1 - bound)) / trials);
      expect(standardErrors).toBeCloseTo(1.96, 3);
    }
    expect(low).toBeLessThan(seen);
    expect(high).toBeGreaterThan(seen);
  }
  expect(wilson(1, 10)?.high).toBeCloseTo(1, 12);
  expect(wilson(0, 0)).toBeNull();
});
