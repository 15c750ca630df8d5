import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, expect, test, vi } from 'vitest';
import { openLoop } from '../../../harness/load/open-loop.ts';

afterEach(() => void vi.restoreAllMocks());

/** How many timers the loop sets within 60 ms, and what was due. */
async function looped(ratePerSecond: number): Promise<{ timers: number; due: number[] }> {
  const timers = vi.spyOn(globalThis, 'setTimeout');
  const stop = new AbortController();
  const due: number[] = [];
  openLoop(ratePerSecond, (intended) => due.push(intended), stop.signal);
  await delay(60);
  stop.abort();
  return { timers: timers.mock.calls.length, due };
}

test('at a rate of 0 nothing is due, and nothing waits for it', async () => {
  expect(await looped(0)).toEqual({ timers: 0, due: [] });
});

test('one request a century is one at the start, and no timer that fires at once', async () => {
  const { timers, due } = await looped(1 / (100 * 365 * 86_400));
  expect(due).toHaveLength(1);
  expect(timers).toBeLessThanOrEqual(3);
});

test('requests are due at even times, however late they are asked for', async () => {
  const { due } = await looped(100);
  expect(due.length).toBeGreaterThanOrEqual(5);
  for (const [i, t] of due.entries()) expect(t - (due[0] ?? 0)).toBeCloseTo(i * 10, 6);
});
