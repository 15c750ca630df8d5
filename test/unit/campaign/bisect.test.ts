import { describe, expect, test } from 'vitest';
import { BadCampaignError } from '../../../harness/campaign/bad-campaign-error.ts';
import { nextStep, type Probed, parseRange, type Range, type Step, valueAt } from '../../../harness/campaign/bisect.ts';
import { majority, outlives } from '../../../harness/campaign/outlives.ts';

/** Until there is nothing to try, with an oracle in place of runs. */
function search(range: Range, oracle: (at: number) => boolean | null): { end: Step; probed: readonly Probed[] } {
  const probed: Probed[] = [];
  for (let step = nextStep(range, probed); ; step = nextStep(range, probed)) {
    if (step.kind !== 'probe') return { end: step, probed };
    expect(probed.length, 'steps').toBeLessThan(40);
    probed.push({ at: step.at, outlives: oracle(step.at) });
  }
}

describe('ranges', () => {
  test.each([
    ['phases.misroute.for=0.2s..2s', { lowest: 0.2, highest: 2, unit: 's', whole: false, tolerance: 1.8 / 16 }],
    ['storage.slotsPerNode=17..22', { lowest: 17, highest: 22, unit: '', whole: true, tolerance: 1 }],
    ['load.fuaShare=0.1..1', { lowest: 0.1, highest: 1, unit: '', whole: false, tolerance: 0.9 / 16 }],
    ['x=1..2s', { lowest: 1, highest: 2, unit: 's', whole: false, tolerance: 1 / 16 }],
  ])('%s', (text, expected) => {
    const { tolerance, ...range } = parseRange(text);
    const { tolerance: expectedTolerance, ...rest } = expected;
    expect(range).toMatchObject(rest);
    expect(tolerance).toBeCloseTo(expectedTolerance);
  });

  test.each(['x', 'x=1', 'x=2..1', 'x=1..1', 'x=1s..2ms', 'x=1s..2', 'x=a..b', '=1..2'])('%s is refused', (text) => {
    expect(() => parseRange(text)).toThrow(BadCampaignError);
  });

  test('values are written as --set takes them', () => {
    expect(valueAt(parseRange('x=0.1s..0.7s'), 0.1 + 0.2)).toBe('0.3s');
    expect(valueAt(parseRange('x=0.1s..2000003s'), 2_000_003)).toBe('2000003s');
  });

  test('whole numbers are written to the last digit, so that the ends are tried as they were asked for', () => {
    const range = parseRange('storage.volumeBytes=4194304..8388608');
    const { end, probed } = search(range, (at) => at > 5_000_001);
    expect(probed.slice(0, 3).map(({ at }) => valueAt(range, at))).toEqual(['4194304', '8388608', '6291456']);
    expect(end).toMatchObject({ kind: 'bracket', from: { at: 5_000_001 }, to: { at: 5_000_002 } });
    expect(new Set(probed.map(({ at }) => valueAt(range, at))).size).toBe(probed.length);
  });
});

describe('bisecting', () => {
  const range = parseRange('x=0..100s', 1);

  test.each([0.4, 17.3, 50, 99.6])('finds a boundary at %d, whichever side of it outlives', (boundary) => {
    for (const above of [true, false]) {
      const { end, probed } = search(range, (at) => at >= boundary === above);
      if (end.kind !== 'bracket') throw new Error(end.kind);
      expect(end.from.at).toBeLessThan(boundary);
      expect(end.to.at).toBeGreaterThanOrEqual(boundary);
      expect(end.to.at - end.from.at).toBeLessThanOrEqual(1);
      expect(end.from.outlives).toBe(!above);
      expect(probed.slice(0, 2).map(({ at }) => at)).toEqual([0, 100]);
      expect(probed).toHaveLength(2 + 7);
    }
  });

  test('of whole numbers ends at two neighbours', () => {
    const { end } = search(parseRange('x=17..22'), (at) => at < 20);
    expect(end).toMatchObject({ kind: 'bracket', from: { at: 19 }, to: { at: 20 } });
  });

  test('ends that do not differ are told, whatever is between them, and nothing else is tried', () => {
    for (const outcome of [true, false]) {
      const { end, probed } = search(range, (at) => (at === 0 || at === 100 ? outcome : !outcome));
      expect(end).toEqual({ kind: 'same', outlives: outcome });
      expect(probed).toHaveLength(2);
    }
  });

  test('of several boundaries it finds one: the two ends of its bracket do differ', () => {
    const oracle = (at: number) => (at > 10 && at < 30) || at > 80;
    const { end } = search(range, oracle);
    if (end.kind !== 'bracket') throw new Error(end.kind);
    expect(oracle(end.from.at)).toBe(false);
    expect(oracle(end.to.at)).toBe(true);
    expect(end.to.at - end.from.at).toBeLessThanOrEqual(1);
  });

  test('a value at which the runs cannot tell ends it', () => {
    expect(search(range, () => null).end).toEqual({ kind: 'undecided', at: 0 });
    expect(search(range, (at) => (at === 100 ? null : true)).end).toEqual({ kind: 'undecided', at: 100 });
    expect(search(range, (at) => (at === 50 ? null : at > 50)).end).toEqual({ kind: 'undecided', at: 50 });
  });
});

test('a storm outlives its trigger when it did not end, or lasted so many times as long', () => {
  expect(outlives({ atLeast: 3 }, 2, 10)).toBe(true);
  expect(outlives(20.1, 2, 10)).toBe(true);
  expect(outlives(20, 2, 10)).toBe(false);
  expect(outlives(0, { unavailable: 'no trigger' }, 10)).toBe(false);
  expect(outlives({ unavailable: 'x' }, 2, 10)).toBeNull();
  expect(outlives(20, { unavailable: 'x' }, 10)).toBeNull();
});

test('a value outlives when more than half of its seeds do, of more than half that can tell', () => {
  expect(majority([true, true, false])).toBe(true);
  expect(majority([true, false])).toBe(false);
  expect(majority([true, null])).toBeNull();
  expect(majority([true, true, null])).toBe(true);
  expect(majority([])).toBeNull();
});
