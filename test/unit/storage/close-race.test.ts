import { expect, test } from 'vitest';
import { CloseRace } from '../../../fixtures/storage/node/close-race.ts';
import { seededRandom } from '../../../fixtures/storage/node/seeded-random.ts';

/** Fifteen within 100 ms are harmless; what is drawn is what the test gives. */
const race = (probability: number, random = () => 0) =>
  new CloseRace({ closes: 15, windowMs: 100, probability, random });

test('up to the threshold within the window no close can lose the race, each further one can', () => {
  const certain = race(1);
  const fates = Array.from({ length: 17 }, (_, i) => certain.closed(i));
  expect(fates.indexOf(true)).toBe(15);
  expect(fates.filter((crashes) => crashes)).toHaveLength(2);
  expect({ racy: certain.racyCloses, inWindow: certain.inWindow }).toEqual({ racy: 2, inWindow: 17 });
});

test('a close counts for exactly as long as the window', () => {
  const certain = race(1);
  for (let i = 0; i < 15; i += 1) expect(certain.closed(0)).toBe(false);
  expect(certain.closed(100)).toBe(false);
  expect(certain.inWindow).toBe(1);
  const again = race(1);
  for (let i = 0; i < 15; i += 1) again.closed(0);
  expect(again.closed(99.9)).toBe(true);
});

test('at a steady rate below the threshold nothing is ever racy', () => {
  const certain = race(1);
  // 14 in 100 ms, for a minute.
  const crashed = Array.from({ length: 8400 }, (_, i) => certain.closed((i * 100) / 14)).some((crashes) => crashes);
  expect(crashed).toBe(false);
  expect(certain.racyCloses).toBe(0);
});

test('the race fixed: racy closes are counted all the same, nothing is drawn', () => {
  const fixed = race(0, () => {
    throw new Error('drawn');
  });
  expect(Array.from({ length: 40 }, () => fixed.closed(5)).some((crashes) => crashes)).toBe(false);
  expect(fixed.racyCloses).toBe(25);
});

test('so many of the racy closes are lost as the probability says, the same in every repeat', () => {
  const lost = (seed: number) => {
    const random = seededRandom(seed, 'a1 race');
    const one = race(0.01, random);
    return Array.from({ length: 20_015 }, () => one.closed(0)).filter((crashes) => crashes).length;
  };
  expect(lost(7)).toBe(lost(7));
  // 200 ± 4 standard deviations.
  expect(Math.abs(lost(7) - 200)).toBeLessThan(57);
});

test('the peak is that of the time since it was last taken', () => {
  const one = race(0);
  for (let i = 0; i < 4; i += 1) one.closed(10);
  one.closed(500);
  expect(one.takePeak()).toBe(4);
  one.closed(550);
  expect(one.takePeak()).toBe(2);
  expect(one.takePeak()).toBe(0);
});
