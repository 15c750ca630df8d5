import { describe, expect, test } from 'vitest';
import { parseRange } from '../../../harness/campaign/bisect.ts';
import { type BoundaryOf, boundary } from '../../../harness/campaign/boundary.ts';
import { compare, saysTooLittle } from '../../../harness/campaign/comparison.ts';
import { parseAxis } from '../../../harness/campaign/grid.ts';
import { notMeasured, type Observation } from '../../../harness/campaign/observation.ts';
import { hasEmptyCell, sweep } from '../../../harness/campaign/sweep.ts';
import { parseMetricExpression } from '../../../harness/check/metric-expression.ts';
import type { MetricValue } from '../../../harness/check/metrics.ts';
import { counted, unfit } from './observations.ts';

const asked = { scenario: 'ebs-2011', preset: 'fast', seeds: [1, 2, 3, 4, 5], set: {} };
const arms = [
  { name: '2011', settings: {} },
  { name: 'buffer', settings: { capacityBuffer: 'true' } },
];
const metrics = [parseMetricExpression('storm.seconds')];
const SEEDS = [1, 2, 3, 4, 5];
const of = (observations: readonly Observation[]) => compare({ ...asked, arms, metrics, observations });

describe('a comparison', () => {
  const never = SEEDS.map((seed) => counted('2011', seed, { atLeast: 300 + seed }));
  const soon = SEEDS.map((seed) => counted('buffer', seed, seed));

  test('of storms that never end with short ones: bounds all the way, and no invented number', () => {
    const { recovered, metrics: tables } = of([...never, ...soon]);
    expect(recovered.map(({ share }) => [share.yes, share.of])).toEqual([
      [0, 5],
      [5, 5],
    ]);
    expect(recovered[0]?.share).toMatchObject({ low: 0, high: 0.4345 });
    expect(recovered[1]?.againstControl).toEqual({ pairs: 5, onlyHere: 5, onlyInControl: 0 });
    const [control, buffer] = tables[0]?.arms ?? [];
    expect(control?.spread).toMatchObject({
      n: 5,
      median: { atLeast: 303, atMost: null },
      least: { atLeast: 301, atMost: null },
      most: { atLeast: 305, atMost: null },
    });
    expect(control?.difference).toBeNull();
    expect(buffer?.spread.median).toEqual({ atLeast: 3, atMost: 3 });
    expect(buffer?.difference).toMatchObject({
      pairs: 5,
      median: { atLeast: null, atMost: -300 },
      interval: { atLeast: null, atMost: -300 },
    });
  });

  test('inconclusive runs are counted and listed, and their numbers are in no median', () => {
    const spoiled = [...never, ...soon.slice(0, 4), unfit(counted('buffer', 5, 900, { 'ledger.lost': 2 }))];
    const comparison = of(spoiled);
    expect(comparison.arms[1]?.runs).toEqual({ asked: 5, conclusive: 4, inconclusive: 1, broken: 0, missing: 0 });
    const buffer = comparison.metrics[0]?.arms[1];
    expect(buffer?.spread).toMatchObject({ n: 4, most: { atMost: 4 } });
    expect(buffer?.difference).toMatchObject({
      pairs: 4,
      interval: null,
      reason: expect.stringContaining('4 of the 5'),
    });
    expect(comparison.recovered[1]?.share).toMatchObject({ yes: 4, of: 4 });
    expect(comparison.runs.find(({ state }) => state === 'inconclusive')).toMatchObject({
      seed: 5,
      reasons: ['validity: the machine was saturated'],
    });
    expect(comparison.notes).toEqual(['buffer, seed 5 is inconclusive and lost 2 acknowledged extents']);
    // Of which not everything was read, and of one of which nothing was.
    const unread = { 'ledger.lost': { atLeast: 3, because: 'a disk was not read' } };
    expect(of([...spoiled.slice(0, -1), unfit(counted('buffer', 5, 900, unread))]).notes).toEqual([
      'buffer, seed 5 is inconclusive and lost at least 3 acknowledged extents',
    ]);
    const unknown = { 'ledger.lost': { unavailable: 'no disk was read' } };
    expect(of([...spoiled.slice(0, -1), unfit(counted('buffer', 5, 900, unknown))]).notes).toEqual([]);
  });

  test('what must never be is told of runs that count too, whatever is compared, a note each', () => {
    const wrong: Readonly<Record<string, MetricValue>> = {
      'ledger.lost': 2,
      'databases.lostCommits': { atLeast: 3, because: 'a disk was not read' },
      'databases.multi.lostCommits': 4,
      'databases.multi.dualPrimaries': 1,
    };
    expect(of([...never, ...soon.slice(0, 4), counted('buffer', 5, 5, wrong)]).notes).toEqual([
      'buffer, seed 5 lost 2 acknowledged extents',
      'buffer, seed 5 lost at least 3 acknowledged commits of databases',
      'buffer, seed 5 lost 4 acknowledged commits of multi-zone databases',
      'buffer, seed 5 had two primaries at once in 1 multi-zone databases',
    ]);
    const unknown = { unavailable: 'the plan has no multi-zone databases' };
    const none = { 'databases.lostCommits': 0, 'databases.multi.dualPrimaries': unknown };
    expect(of([...never, counted('buffer', 1, 1, none)]).notes).toEqual([]);
  });

  test('a value that a run does not have is counted beside, with its reason', () => {
    const { metrics: tables } = of([...never, counted('buffer', 1, { unavailable: 'the trigger has no end' })]);
    expect(tables[0]?.arms[1]?.spread).toMatchObject({ n: 0, without: 1, withoutReason: 'the trigger has no end' });
  });

  test('says too little while an arm has no seed that counts in the control too', () => {
    expect(saysTooLittle(of([...never, ...soon]))).toBe(false);
    expect(saysTooLittle(of([...never, ...soon.map(unfit)]))).toBe(true);
    expect(saysTooLittle(of([...never.slice(0, 1), ...soon.slice(1)]))).toBe(true);
    expect(saysTooLittle(of([...never, notMeasured({ arm: 'buffer', seed: 1 }, 'missing')]))).toBe(true);
  });

  test('runs of different software are told', () => {
    const other = { ...counted('buffer', 1, 1), environment: 'zonestorm 0.2.0, 2 CPUs' };
    expect(of([...never, other]).notes[0]).toContain('different software');
  });
});

test('a sweep has a cell for each combination, also without a run', () => {
  const axes = [parseAxis('a=1,2'), parseAxis('b=x,y')];
  const result = sweep({
    ...asked,
    axes,
    metrics,
    observations: [
      counted('a=1+b=x', 1, 12, { 'ledger.lost': 1 }),
      counted('a=1+b=x', 2, { atLeast: 60 }),
      unfit(counted('a=2+b=y', 1, 12)),
    ],
  });
  expect(result.cells.map(({ arm, recovered }) => [arm, recovered.yes, recovered.of])).toEqual([
    ['a=1+b=x', 1, 2],
    ['a=1+b=y', 0, 0],
    ['a=2+b=x', 0, 0],
    ['a=2+b=y', 0, 0],
  ]);
  expect(result.cells[3]?.runs).toMatchObject({ conclusive: 0, inconclusive: 1 });
  expect(result.notes).toEqual(['a=1+b=x, seed 1 lost 1 acknowledged extents']);
  expect(hasEmptyCell(result)).toBe(true);
});

describe('a boundary', () => {
  const range = parseRange('x=1..4');
  const at = (value: number, ...storms: readonly Observation[]): BoundaryOf['tried'][number] => ({
    at: value,
    observations: storms,
  });
  const result = (...tried: readonly BoundaryOf['tried'][number][]) =>
    boundary({ ...asked, range, outlivesTimes: 10, tried });
  const [no, yes] = [counted('x', 1, 30), counted('x', 1, 31)];

  test('is bracketed by values that differ', () => {
    expect(result(at(1, no), at(4, yes), at(2, no), at(3, yes))).toMatchObject({
      outcome: 'bracketed',
      bracket: { from: '2', to: '3', fromOutlives: false, toOutlives: true },
    });
  });

  test('is none where the ends do not differ, and unknown where the runs do not count', () => {
    expect(result(at(1, yes), at(4, yes))).toMatchObject({ outcome: 'no-difference', bracket: null });
    expect(result(at(1, unfit(no)))).toMatchObject({ outcome: 'undecided', reason: expect.stringContaining('at 1') });
  });

  test('while a run is to be made, nothing is found', () => {
    expect(result(at(1, notMeasured({ arm: 'x', seed: 1 }, 'missing'))).outcome).toBe('unfinished');
    expect(result(at(1, no), at(4, yes)).outcome).toBe('unfinished');
  });

  test('a record too short to tell outliving from not yet ended is told', () => {
    expect(result(at(1, counted('x', 1, { atLeast: 12 }))).notes[0]).toMatch(/^1 storms had not ended .* 10 times/);
    expect(result(at(1, counted('x', 1, { atLeast: 120 }))).notes).toEqual([]);
  });

  test('of runs that lost something says so', () => {
    const lost = counted('x', 1, 30, { 'databases.lostCommits': 1 });
    expect(result(at(1, lost)).notes).toEqual(['x, seed 1 lost 1 acknowledged commits of databases']);
  });
});
