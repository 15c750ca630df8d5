import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { startLagSampler } from '../../../harness/time/lag-sampler.ts';

const standStill = (ms: number): void => {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
};

test('a standstill is told by whoever takes first after it, and once', async () => {
  const lag = startLagSampler();
  await delay(200);
  lag.take();
  await delay(200);
  // No timer comes between: the tick of the histogram has waited as long, and has not been told.
  standStill(700);
  expect(lag.take()).toBeGreaterThan(600);
  await delay(200);
  expect(lag.take()).toBeLessThan(600);
});

test('a standstill right after a take is told by the next', async () => {
  const lag = startLagSampler();
  await delay(200);
  lag.take();
  standStill(700);
  await delay(200);
  expect(lag.take()).toBeGreaterThan(600);
});

test('of a loop that is on time hardly anything is told, however often it is asked', async () => {
  const lag = startLagSampler();
  const taken: number[] = [];
  for (let i = 0; i < 40; i += 1) {
    await delay(i < 20 ? 10 : 50);
    taken.push(lag.take());
  }
  expect(taken.toSorted((a, b) => a - b)[20]).toBeLessThan(10);
});
