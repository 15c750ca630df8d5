import { describe, expect, test } from 'vitest';
import { judgeExpectation } from '../../../harness/check/judge-expectation.ts';
import type { MetricValue } from '../../../harness/check/metrics.ts';

const judge = (text: string, values: Readonly<Record<string, MetricValue>>) =>
  judgeExpectation({ text, file: 'a.yaml', line: 3 }, (name) => values[name] ?? { unavailable: `no ${name}` });

describe('judgeExpectation', () => {
  test('a known value is held or not, with both sides', () => {
    expect(judge('D > F', { D: 28, F: 16 })).toMatchObject({ held: true, left: 28, right: 16 });
    expect(judge('D > F', { D: 16, F: 16 })).toMatchObject({ held: false });
  });

  test('a missing value leaves it open, with the reason', () => {
    const judged = judge('D > F', { D: 28 });
    expect(judged).toMatchObject({ held: null, right: null });
    expect(judged.explanation).toContain('no F');
  });

  const atLeast70 = { 'storm.seconds': { atLeast: 70 }, 'trigger.seconds': 2.5 };
  test.each([
    ['storm.seconds >= 10 * trigger.seconds', true],
    ['storm.seconds > 60s', true],
    ['storm.seconds < 60s', false],
    ['60s > storm.seconds', false],
    // At least 70 s: whether it was under 100 s nobody knows.
    ['storm.seconds < 100s', null],
    ['storm.seconds >= 100s', null],
    ['storm.seconds = 70s', null],
    ['storm.seconds != 70s', null],
    ['storm.seconds = 80s', null],
    ['storm.seconds = 60s', false],
    ['storm.seconds != 60s', true],
    ['60s = storm.seconds', false],
    ['storm.seconds = 65s ± 10s', null],
  ])('a lower bound of 70 s: %s is %s', (text, held) => {
    const judged = judge(text, atLeast70);
    expect(judged.held).toBe(held);
    expect(judged.explanation).toContain('storm.seconds ≥ 70');
  });

  test('why it is a bound is told', () => {
    const { held, explanation } = judge('lost = 0', { lost: { atLeast: 3, because: '5 extents are not verified' } });
    expect(held).toBe(false);
    expect(explanation).toContain('lost ≥ 3 (5 extents are not verified)');
  });
});
