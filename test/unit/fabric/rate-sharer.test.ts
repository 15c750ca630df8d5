import { expect, test } from 'vitest';
import type { LinkEffect } from '../../../harness/fabric/link-effect.ts';
import { connectionsOf, effectsOf, RateSharer } from '../../../harness/fabric/rate-sharer.ts';

const share = (mbit: number, ports: readonly (readonly [string, number])[]) => ({
  id: 'cap-1',
  mbit,
  ports: new Map(ports),
});
const rateOf = (mbit: number, live: readonly (readonly [number, number])[], links = [['x', 1]] as const) => {
  const shared = share(mbit, links);
  const effects = effectsOf(shared, connectionsOf(shared, new Map(live)));
  return least(effects.get('x'));
};
/** What a connection gets: of several rates in a row, the least. */
const least = (effect: LinkEffect | undefined): number =>
  Math.min(...(effect?.toxics ?? []).map(({ attributes }) => attributes.rate ?? Number.NaN));

test('1 Mbit/s are 125 kB/s for one connection, an equal part for each of several', () => {
  expect(rateOf(1, [[1, 1]])).toBe(125);
  expect(rateOf(1, [[1, 5]])).toBe(25);
  expect(rateOf(8, [[1, 3]])).toBe(333);
});

test('no connection yet: the whole, so that the next one finds a rate', () => {
  expect(rateOf(2, [])).toBe(250);
});

test('never 0, which would stall, nor less', () => {
  expect(rateOf(0.001, [[1, 9]])).toBe(1);
});

test('connections of other ports do not count', () => {
  expect(
    rateOf(1, [
      [1, 1],
      [2, 50],
    ]),
  ).toBe(125);
});

test('links that share count together, and all get the same both ways', () => {
  const shared = share(1, [
    ['x', 1],
    ['y', 2],
  ]);
  const live = new Map([
    [1, 1],
    [2, 4],
  ]);
  const effects = effectsOf(shared, connectionsOf(shared, live));
  const bothWays = (rate: number) =>
    ['upstream', 'downstream'].map((stream) => ({ type: 'bandwidth', stream, attributes: { rate } }));
  expect([...effects]).toEqual(['x', 'y'].map((name) => [name, { toxics: [...bothWays(125), ...bothWays(25)] }]));
});

test('in force when started, kept up while connections come, forgotten when stopped', async () => {
  let open = 1;
  const rates: number[] = [];
  await using sharer = new RateSharer(
    async () => new Map([[1, open]]),
    async (_, effects) => void rates.push(least(effects.get('x'))),
    (error) => {
      throw error;
    },
  );
  await sharer.start(share(1, [['x', 1]]));
  expect(rates).toEqual([125]);
  open = 5;
  await expect.poll(() => rates.at(-1)).toBe(25);
  // While connections end, rates stay: only once the count holds do they rise.
  for (open = 4; open > 1; open -= 1) await new Promise((resolve) => setTimeout(resolve, 150));
  expect(rates.at(-1)).toBe(25);
  await expect.poll(() => rates.at(-1)).toBe(125);
  await sharer.stop('cap-1');
  const before = rates.length;
  await new Promise((resolve) => setTimeout(resolve, 250));
  expect(rates.length).toBe(before);
});

test('a count that comes late is one round, not as many as it kept waiting', async () => {
  let open = 5;
  let stall = Promise.resolve();
  const rates: { rate: number; at: number }[] = [];
  await using sharer = new RateSharer(
    async () => {
      await stall;
      return new Map([[1, open]]);
    },
    async (_, effects) => void rates.push({ rate: least(effects.get('x')), at: performance.now() }),
    (error) => {
      throw error;
    },
  );
  await sharer.start(share(1, [['x', 1]]));
  stall = new Promise((resolve) => setTimeout(resolve, 1_000));
  await stall;
  const overAt = performance.now();
  open = 1;
  await expect.poll(() => rates.at(-1)?.rate, { timeout: 2_000 }).toBe(125);
  const risenAt = rates.find(({ rate }) => rate === 125)?.at ?? Number.NaN;
  // The count has to stay for some rounds, a tenth of a second apart.
  expect(risenAt - overAt).toBeGreaterThan(250);
});
