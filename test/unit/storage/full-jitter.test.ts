import { expect, test } from 'vitest';
import { fullJitterMs } from '../../../fixtures/storage/node/full-jitter.ts';
import { seededRandom } from '../../../fixtures/storage/node/seeded-random.ts';

const backoff = { baseMs: 100, capMs: 8000 };

test('the bound doubles with every round up to the cap, and stays there', () => {
  const bounds = [0, 1, 2, 6, 7, 50, 5000].map((round) => fullJitterMs(backoff, round, () => 1));
  expect(bounds).toEqual([100, 200, 400, 6400, 8000, 8000, 8000]);
  expect(fullJitterMs(backoff, 3, () => 0)).toBe(0);
});

test('pauses are uniform between 0 and the bound', () => {
  const random = seededRandom(3, 'jitter');
  const pauses = Array.from({ length: 10_000 }, () => fullJitterMs(backoff, 4, random));
  const tenths = Array.from({ length: 10 }, (_, i) => pauses.filter((ms) => Math.floor(ms / 160) === i).length);
  // 1,000 in each tenth of 0…1,600 ms, ± 5 standard deviations.
  for (const count of tenths) expect(Math.abs(count - 1000)).toBeLessThan(150);
});
