import { expect, test } from 'vitest';
import { verdictOf } from '../../../harness/check/verdict.ts';

const saturated = { check: 'validity', what: 'the machine was saturated' } as const;
const expectation = (text: string, held: boolean | null, isSafety = false) => ({
  text,
  held,
  explanation: 'x',
  isSafety,
});

test('a run that proves nothing is inconclusive, whatever else failed', () => {
  expect(verdictOf([saturated], [expectation('D > F', false)]).outcome).toBe('inconclusive');
});

test('a lost acknowledged write fails a run, also on a saturated machine', () => {
  const verdict = verdictOf([saturated], [expectation('ledger.lost = 0', false, true)]);
  expect(verdict.outcome).toBe('fail');
  expect(verdict.problems.map((problem) => problem.check)).toEqual(['expectation', 'validity']);
});

test('a ledger that could not be judged is no failure', () => {
  expect(verdictOf([], [expectation('ledger.lost = 0', null, true)]).outcome).toBe('inconclusive');
});
