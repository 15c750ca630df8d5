import { expect, test } from 'vitest';
import { compare } from '../../../harness/campaign/comparison.ts';
import type { Observation } from '../../../harness/campaign/observation.ts';
import { parseMetricExpression } from '../../../harness/check/metric-expression.ts';
import type { Campaign } from '../../../reproduction/campaigns.ts';
import { joinParts } from '../../../reproduction/parts.ts';
import { counted, unfit } from '../campaign/observations.ts';

const ARMS = ['2011', 'raceFixed'];
const METRICS = ['storm.seconds', 'nodes.crashed'];

/** Arms differ by a second for each seed; every storm of 2011 with an odd seed had not ended with its record. */
const runs = (seeds: readonly number[]): readonly Observation[] =>
  seeds.flatMap((seed) => [
    counted('2011', seed, seed % 2 === 1 ? { atLeast: 300 + seed } : 60 + seed, { 'nodes.crashed': seed }),
    counted('raceFixed', seed, 60, { 'nodes.crashed': 0 }),
  ]);

function part(name: string, observations: readonly Observation[]): Campaign {
  const seeds = [...new Set(observations.map(({ seed }) => seed))];
  const arms = ARMS.map((arm) => ({ name: arm, settings: {} }));
  const asked = { scenario: 'ebs-2011', preset: 'half', seeds, set: {}, arms };
  return {
    name,
    asked: {
      ...asked,
      schemaVersion: 1,
      command: 'compare',
      tolerance: null,
      outlives: null,
      shaping: null,
      plans: '',
    },
    comparison: compare({ ...asked, metrics: METRICS.map(parseMetricExpression), observations }),
    sweep: null,
    isCurrent: true,
  };
}

test('two parts come to what one campaign of all their runs does', () => {
  const [first, second] = [runs([1, 2, 3]), [...runs([4]), ...runs([5]).map((run) => unfit(run))]];
  const [joined, ...more] = joinParts([part('arms', first), part('arms-2', second)]);
  expect(more).toEqual([]);
  expect(joined).toMatchObject({ name: 'arms', isCurrent: true });
  expect(joined?.comparison).toEqual(part('arms', [...first, ...second]).comparison);
  expect(joined?.comparison?.arms.map((arm) => arm.runs)).toMatchObject([
    { asked: 5, conclusive: 4, inconclusive: 1 },
    { asked: 5, conclusive: 4, inconclusive: 1 },
  ]);
});

test('a campaign in one part is as it is, and others are not joined with it', () => {
  const campaigns = [part('arms', runs([1])), part('null', runs([1]))];
  expect(joinParts(campaigns)).toEqual(campaigns);
});

test('a seed that is in two parts would count twice', () => {
  expect(() => joinParts([part('arms', runs([1, 2])), part('arms-2', runs([2, 3]))])).toThrow(
    'arms: seed 2 of the arm 2011 is in 2 of its parts, expected in one',
  );
});

test('one part of other parameters makes the whole one', () => {
  const old = { ...part('arms', runs([1])), isCurrent: false };
  expect(joinParts([old, part('arms-2', runs([2]))]).map(({ isCurrent }) => isCurrent)).toEqual([false]);
});
