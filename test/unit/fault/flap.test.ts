import { expect, test } from 'vitest';
import { drawn, problemsOf } from './draw.ts';

const flap = (more: string, rest = '') =>
  `{ flap: { links: ["a1->a2@*"], kind: refuse, ${more} }${rest === '' ? '' : `, ${rest}`} }`;

test('down and up until the phase ends, the last one cut short', async () => {
  const cuts = await drawn(flap('down: 400ms, up: 600ms'));
  expect(cuts.map(({ atSeconds }) => atSeconds)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  expect(new Set(cuts.map(({ forSeconds }) => forSeconds))).toEqual(new Set([0.4]));
  expect(cuts.map(({ id }) => id)).toEqual(cuts.map((_, i) => `flap-1.${i + 1}`));
  expect(cuts.every(({ kind }) => kind === 'cut')).toBe(true);
  // Sums of 0.1 are not whole: ten of them must not leave room for one more.
  expect(await drawn(flap('down: 100ms, up: 100ms', 'for: 2s'))).toHaveLength(10);
  const long = await drawn(flap('down: 3s, up: 1.5s'));
  expect(long.map(({ atSeconds, forSeconds }) => [atSeconds, forSeconds])).toEqual([
    [0, 3],
    [4.5, 3],
    [9, 1],
  ]);
});

test('`for` ends it, also in a phase that waits for a condition', async () => {
  const cuts = await drawn(flap('down: 1s, up: 1s', 'at: 2s, for: 4.5s'));
  expect(cuts.map(({ atSeconds, forSeconds }) => [atSeconds, forSeconds])).toEqual([
    [2, 1],
    [4, 1],
    [6, 0.5],
  ]);
});

test('one that begins late ends with its phase', async () => {
  const cuts = await drawn(flap('down: 1s, up: 1s', 'at: 7s'));
  expect(cuts.map(({ atSeconds, forSeconds }) => [atSeconds, forSeconds])).toEqual([
    [7, 1],
    [9, 1],
  ]);
});

test('jitter varies each `up` within its bounds, by the seed', async () => {
  const cuts = await drawn(flap('down: 100ms, up: 200ms, jitter: 50%'));
  const ups = cuts.slice(1).map(({ atSeconds }, i) => atSeconds - (cuts[i]?.atSeconds ?? 0) - 0.1);
  expect(Math.min(...ups)).toBeGreaterThanOrEqual(0.1 - 0.001);
  expect(Math.max(...ups)).toBeLessThanOrEqual(0.3 + 0.001);
  expect(Math.max(...ups) - Math.min(...ups)).toBeGreaterThan(0.1);
  expect(await drawn(flap('down: 100ms, up: 200ms, jitter: 50%'), 2)).not.toEqual(cuts);
  expect(await drawn(flap('down: 100ms, up: 200ms, jitter: 0.5'))).toEqual(cuts);
});

test('without an end, without length, or too often', async () => {
  const endless = 'until: mirrored, atMost: 10s';
  expect(await problemsOf(flap('down: 1s, up: 1s'), endless)).toEqual([
    '5 found a flap without an end, expected `for` with it, in a phase that waits for a condition',
  ]);
  expect(await problemsOf(flap('down: 1s, up: 1s', 'for: 4s'), endless)).toEqual([]);
  expect(await problemsOf(flap('down: 0s, up: 1s'))).toEqual(['5 found 0 s, expected a duration above 0']);
  expect(await problemsOf(flap('down: 2ms, up: 2ms'))).toEqual(['5 found 2500 cuts, expected at most 1000']);
  expect(await problemsOf(flap('down: soon, up: 1s'))).toHaveLength(1);
});
