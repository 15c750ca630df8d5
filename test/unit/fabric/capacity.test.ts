import { expect, test } from 'vitest';
import { burstBytes, frameBitsPerSecond, payloadBytes } from '../../../harness/fabric/capacity.ts';

test('6 Mbit/s of payload are 6.273 Mbit/s of frames', () => {
  expect(frameBitsPerSecond(6)).toBe(6_273_481);
});

test('frames and payload are each other’s inverse', () => {
  expect(payloadBytes(1514 * 10)).toBeCloseTo(1448 * 10);
});

test('a burst is a few milliseconds, and never less than some frames', () => {
  expect(burstBytes(1)).toBe(16_384);
  expect(burstBytes(400)).toBe(200_000);
});
