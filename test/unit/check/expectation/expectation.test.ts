import { describe, expect, test } from 'vitest';
import { evaluate, type Resolve } from '../../../../harness/check/expectation/evaluate.ts';
import { ExpectationError } from '../../../../harness/check/expectation/expectation.ts';
import { namesOf, parseExpectation } from '../../../../harness/check/expectation/parse-expectation.ts';

const measured: Record<string, number> = {
  D: 28,
  F: 16,
  V: 60,
  'trigger.seconds': 4,
  'trigger.end': 4,
  'storm.seconds': 40,
  'app.a.availability': 0.9,
  'ledger.lost': 0,
};
const resolve: Resolve = (name, args) => {
  if (name === 'storm.stuckShare') return args.at === 14 ? 0.24 : { unavailable: `nothing at ${args.at}` };
  return measured[name] ?? { unavailable: 'not measured' };
};
const judge = (text: string) => evaluate(parseExpectation(text), resolve);

describe('expectations that hold and that fail', () => {
  test.each([
    ['D > F', true],
    ['F > D', false],
    ['D >= 28', true],
    ['D > 28', false],
    ['D <= 28', true],
    ['D < 28', false],
    ['ledger.lost = 0', true],
    ['ledger.lost != 0', false],
    ['storm.seconds >= 10 * trigger.seconds', true],
    ['storm.seconds >= 10.1 * trigger.seconds', false],
    ['app.a.availability < 100%', true],
    ['app.a.availability >= 99 %', false],
    // (28 − 16) / 60 = 0.2, and 0.24 was measured.
    ['storm.stuckShare(at: trigger.end + 10s) = (D − F) / V ± 5 points', true],
    ['storm.stuckShare(at: trigger.end + 10s) = (D - F) / V +- 3 points', false],
    ['storm.stuckShare(at: trigger.end + 10s) != (D - F) / V ± 3 points', true],
    // Relative to the right side: 20 % of 0.2 is 0.04.
    ['storm.stuckShare(at: 14s) = (D − F) / V ± 20 %', true],
    ['storm.stuckShare(at: 14s) = (D − F) / V ± 19 %', false],
    ['trigger.seconds = 4500ms ± 500ms', true],
    ['trigger.seconds = 4501ms ± 500ms', false],
    ['storm.seconds = 10x * trigger.seconds', true],
    // Operators bind as in arithmetic, and to the left.
    ['2 + 3 * 4 = 14', true],
    ['(2 + 3) * 4 = 20', true],
    ['10 - 3 - 2 = 5', true],
    ['24 / 4 / 2 = 3', true],
    ['-D + 30 = 2', true],
    ['1 − −1 = 2', true],
    ['0.1 + 0.2 = 0.3', true],
    ['0.3000001 = 0.3', false],
    ['1min ≥ 60s', true],
    ['2 × 3 ≠ 6', false],
  ])('%s: %s', (text, held) => {
    expect(judge(text).held).toBe(held);
  });

  test('the explanation has every number and the tolerance', () => {
    const { left, right, tolerance, explanation } = judge(
      'storm.stuckShare(at: trigger.end + 10s) = (D − F) / V ± 5 points',
    );
    expect([left, right, tolerance]).toEqual([0.24, 0.2, 0.05]);
    for (const part of [
      '0.24 = 0.2',
      'apart by 0.04',
      'tolerance 0.05',
      'storm.stuckShare(at: 14) = 0.24',
      'D = 28',
      'V = 60',
    ]) {
      expect(explanation).toContain(part);
    }
    expect(judge('F > D').explanation).toContain('16 not > 28');
  });
});

describe('expectations that cannot be judged', () => {
  test.each([
    ['nodes.lost = 0', 'nodes.lost is not available: not measured'],
    ['D > nodes.lost', 'nodes.lost is not available'],
    ['storm.stuckShare(at: 99s) = 0', 'storm.stuckShare(at: 99) is not available: nothing at 99'],
    ['storm.stuckShare(at: nodes.lost) = 0', 'nodes.lost is not available'],
    ['D / ledger.lost > 1', 'no finite value'],
    ['0 / ledger.lost = 0', 'no finite value'],
    ['storm.stuckShare(at: 0 / ledger.lost) >= 0', 'an argument has no finite value'],
    ['storm.stuckShare(at: D / ledger.lost) >= 0', 'an argument has no finite value'],
  ])('%s', (text, why) => {
    const { held, explanation } = judge(text);
    expect(held).toBeNull();
    expect(explanation).toContain(why);
  });

  test('an error of the resolver is not swallowed', () => {
    const failing: Resolve = () => {
      throw new TypeError('a bug');
    };
    expect(() => evaluate(parseExpectation('D > F'), failing)).toThrow(TypeError);
  });
});

describe('lines that are not in the language', () => {
  test.each<[string, number, string]>([
    ['', 1, 'a number, a name or ('],
    ['D', 2, 'a comparison'],
    ['D >', 4, 'a number, a name or ('],
    ['D > F > V', 7, 'the end of the line'],
    ['D == F', 4, 'a number, a name or ('],
    ['D > 5 bananas', 7, 'a unit'],
    ['D > 5 F', 7, 'a unit'],
    ['D F > 5', 3, 'a comparison'],
    ['(D > 5', 4, '`)`'],
    ['D > 5 ± 1', 7, '± only with = or !='],
    ['D = 5 ±', 8, 'a number after ±'],
    ['D = 5 ± F', 9, 'a number after ±'],
    ['f(at 5s) = 1', 6, '`:`'],
    ['f(5s) = 1', 3, 'the name of an argument'],
    ['f(at: 1, at: 2) = 1', 10, 'each argument once'],
    ['D > 1 & F > 1', 7, 'a number, a name or one of'],
    ['D > .5', 5, 'a number, a name or one of'],
    ['app.a. > 1', 6, 'a number, a name or one of'],
    [`${'('.repeat(60)}1`, 51, 'at most 50 nested parts'],
  ])('%s, column %i', (text, column, expected) => {
    let error: unknown;
    try {
      parseExpectation(text);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(ExpectationError);
    expect(error).toMatchObject({ column, expected: expect.stringContaining(expected) });
  });
});

test('namesOf finds every name, also in arguments, with its column', () => {
  const expectation = parseExpectation('storm.stuckShare(at: trigger.end + 10s) = (D − F) / -V');
  expect(namesOf(expectation)).toEqual([
    { name: 'storm.stuckShare', column: 1 },
    { name: 'trigger.end', column: 22 },
    { name: 'D', column: 44 },
    { name: 'F', column: 48 },
    { name: 'V', column: 54 },
  ]);
});
