import { describe, expect, test } from 'vitest';
import type { RunRow } from '../../../harness/campaign/arm-summary.ts';
import {
  atLeastIs,
  atMostOfControl,
  below,
  both,
  isNone,
  judge,
  judgePooled,
  lessThan,
  within,
} from '../../../reproduction/judge.ts';

const exactly = (value: number) => ({ atLeast: value, atMost: value });
const row = (seed: number, values: RunRow['values'], state: RunRow['state'] = 'conclusive'): RunRow => {
  return { arm: '2011', seed, state, reasons: [], recovered: null, values };
};
/** Of so many seeds the first `yes` had not recovered after 300 s, the others had after 60 s. */
const storms = (yes: number, of: number) =>
  Array.from({ length: of }, (_, index) =>
    row(index + 1, { 'storm.seconds': index < yes ? { atLeast: 301, atMost: null } : exactly(60) }),
  );
const NOT_IN_300 = { holds: atLeastIs('storm.seconds', 300), needs: 8, atLeast: 7 / 8 };
const outcome = (runs: readonly RunRow[]) => judge(runs, NOT_IN_300).outcome;

describe('at least 7 of 8 seeds', () => {
  test('holds by eight seeds and not by fewer', () => {
    expect([outcome(storms(8, 8)), outcome(storms(7, 8)), outcome(storms(6, 8))]).toEqual([
      'holds',
      'holds',
      'does not hold',
    ]);
    expect([outcome(storms(7, 7)), outcome(storms(6, 7)), outcome([])]).toEqual(['too few', 'too few', 'too few']);
  });

  test('is refuted by two, however few there are', () => {
    expect(outcome(storms(1, 3))).toBe('does not hold');
  });

  test('of more seeds than eight the same share is asked for', () => {
    expect([outcome(storms(14, 16)), outcome(storms(13, 16))]).toEqual(['holds', 'does not hold']);
  });

  test('runs that are not conclusive, and records that end too early, do not count', () => {
    const unfit = storms(8, 8).map((run) => ({ ...run, state: 'inconclusive' as const }));
    expect(judge(unfit, NOT_IN_300)).toMatchObject({ outcome: 'too few', share: { of: 0 } });
    const early = row(8, { 'storm.seconds': { atLeast: 299, atMost: null } });
    expect(judge([...storms(7, 7), early], NOT_IN_300)).toMatchObject({
      outcome: 'too few',
      share: { of: 7, untold: 1 },
    });
  });
});

test('seeds that a claim is not about are set aside, and make up for none that is missing', () => {
  const question = { holds: within('excess', 0.03), meant: isNone('early'), needs: 4, atLeast: 1 };
  const calm = (seed: number, excess: number) => row(seed, { excess: exactly(excess), early: exactly(0) });
  const crashed = (seed: number) => row(seed, { excess: exactly(0.2), early: exactly(1) });
  expect(judge([calm(1, 0.03), calm(2, -0.03), crashed(3), crashed(4)], question)).toMatchObject({
    outcome: 'holds',
    needs: 2,
    setAside: 2,
  });
  expect(judge([calm(1, 0.03), crashed(3), crashed(4)], question).outcome).toBe('too few');
  expect(judge([calm(1, 0.031), crashed(3), crashed(4)], question).outcome).toBe('does not hold');
  expect(judge([crashed(1), crashed(2), crashed(3), crashed(4)], question).outcome).toBe('too few');
  // Whether it is one of them has to be known.
  const unknown = row(4, { excess: exactly(0) });
  expect(judge([calm(1, 0), calm(2, 0), calm(3, 0), unknown], question).outcome).toBe('too few');
});

test('against the control: the same seed, and conclusive there too', () => {
  const question = { holds: atMostOfControl('attempts', 0.25), needs: 2, atLeast: 1 };
  const here = [row(1, { attempts: exactly(250) }), row(2, { attempts: exactly(250) })];
  const there = (second: number) => [row(1, { attempts: exactly(1000) }), row(2, { attempts: exactly(second) })];
  expect(judge(here, question, there(1000)).outcome).toBe('holds');
  expect(judge(here, question, there(999)).outcome).toBe('does not hold');
  expect(judge(here, question, there(1000).slice(1)).outcome).toBe('too few');
  const unfit = there(1000).map((run) => ({ ...run, state: 'inconclusive' as const }));
  expect(judge(here, question, unfit)).toMatchObject({ outcome: 'too few', share: { of: 0, untold: 2 } });
});

test('bounds decide where they can', () => {
  const known = (values: RunRow['values']) => row(1, values);
  const open = known({ m: { atLeast: 5, atMost: null } });
  const between = known({ m: { atLeast: 5, atMost: 7 } });
  const asked = (run: RunRow) => [below('m', 5), below('m', 6), below('m', 8)].map((holds) => holds(run, undefined));
  expect(asked(open)).toEqual([false, null, null]);
  expect(asked(between)).toEqual([false, null, true]);
  expect(asked(known({}))).toEqual([null, null, null]);
  expect(within('m', 7)(open, undefined)).toBeNull();
  expect(both(below('m', 8), below('none', 1))(between, undefined)).toBeNull();
  expect(both(below('m', 5), below('none', 1))(between, undefined)).toBe(false);
});

test('one metric of a run against another, by their bounds', () => {
  const run = row(1, { low: exactly(2), high: exactly(4), open: { atLeast: 3, atMost: null } });
  const less = (metric: string, other: string, times?: number) => lessThan(metric, other, times)(run, undefined);
  expect([less('low', 'high'), less('high', 'low'), less('low', 'low')]).toEqual([true, false, false]);
  expect([less('low', 'open'), less('open', 'high'), less('open', 'low'), less('low', 'none')]).toEqual([
    true,
    null,
    false,
    null,
  ]);
  expect([less('low', 'high', 0.51), less('low', 'high', 0.5)]).toEqual([true, false]);
});

test('means of all seeds: with as many as the claim was made for, and only of those that have both', () => {
  const question = { metric: 'affected', other: 'predicted', tolerance: 0.05, needs: 2 };
  const pair = (seed: number, affected: number, predicted: number) =>
    row(seed, { affected: exactly(affected), predicted: exactly(predicted) });
  const off = [pair(1, 0.6, 0.5), pair(2, 0.4, 0.5)];
  expect(judgePooled(off, question)).toMatchObject({ outcome: 'holds', of: 2 });
  expect(judgePooled([pair(1, 0.55, 0.5), pair(2, 0.55, 0.5)], question).outcome).toBe('holds');
  expect(judgePooled([pair(1, 0.56, 0.5), pair(2, 0.56, 0.5)], question).outcome).toBe('does not hold');
  expect(judgePooled([pair(1, 0.4, 0.5), pair(2, 0.4, 0.5)], question).outcome).toBe('does not hold');
  const unfit = { ...pair(3, 0.5, 0.5), state: 'inconclusive' as const };
  const half = row(4, { affected: exactly(0.9), predicted: { atLeast: 0.1, atMost: 0.2 } });
  expect(judgePooled([...off.slice(1), unfit, half], question)).toEqual({
    outcome: 'too few',
    of: 1,
    mean: 0.4,
    otherMean: 0.5,
  });
  expect(judgePooled([], question)).toEqual({ outcome: 'too few', of: 0, mean: null, otherMean: null });
  // Nothing was stuck and nobody affected: with that seed the means of 0.56 and 0.5 would be near enough.
  const off6 = [pair(1, 0.56, 0.5), pair(2, 0.56, 0.5)];
  expect(judgePooled([...off6, pair(3, 0, 0)], question)).toMatchObject({ outcome: 'does not hold', of: 2 });
  expect(judgePooled([pair(1, 0.55, 0.5), pair(2, 0, 0)], question)).toMatchObject({ outcome: 'too few', of: 1 });
  expect(judgePooled([...off, pair(3, 0.3, 0)], question)).toMatchObject({ outcome: 'does not hold', of: 3 });
});
