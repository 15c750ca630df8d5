import { expect, test } from 'vitest';
import { burstBytes, frameBitsPerSecond, payloadBytes } from '../../../harness/fabric/capacity.ts';

test('6 Mbit/s of payload are 6.273 Mbit/s of frames', () => {
  expect(frameBitsPerSecond(6)).toBe(6_273_481);
});

test('frames and payload are each other’s inverse', () => {
  expect(payloadBytes(1514 * 10)).toBeCloseTo(1448 * 10);
});

test('a burst is 4 ms, on slow links a handful of frames, but at most 20 ms, and never less than a frame', () => {
  expect(burstBytes(400)).toBe(209_116);
  expect(burstBytes(20)).toBe(16_384);
  expect(burstBytes(3)).toBe(7_842);
  expect(burstBytes(1)).toBe(2_614);
  expect(burstBytes(0.1)).toBe(1_600);
});

test.each([0.13, 0.25, 0.5, 1, 3, 6, 60, 120, 400, 1_000])(
  'a burst of %d Mbit/s adds at most a tenth of a second',
  (mbit) => {
    expect((burstBytes(mbit) * 8) / frameBitsPerSecond(mbit)).toBeLessThanOrEqual(0.1);
  },
);
