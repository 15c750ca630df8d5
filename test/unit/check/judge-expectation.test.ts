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

  const both = { 'storm.seconds': { atLeast: 70 }, 'storm.mirroredSeconds': { atLeast: 70 }, 'trigger.seconds': 2.5 };
  test.each([
    // Each may have lasted far longer than the other.
    ['storm.mirroredSeconds <= 2 * storm.seconds', null],
    ['storm.seconds = storm.mirroredSeconds ± 1s', null],
    ['storm.seconds != storm.mirroredSeconds', null],
    ['storm.mirroredSeconds - storm.seconds < 5s', null],
    ['storm.mirroredSeconds / storm.seconds <= 1', null],
    ['storm.seconds + storm.mirroredSeconds >= 140s', true],
    ['storm.seconds + storm.mirroredSeconds < 140s', false],
    ['storm.seconds + storm.mirroredSeconds = 100s', false],
    ['storm.seconds + storm.mirroredSeconds != 100s', true],
    ['storm.seconds + storm.mirroredSeconds = 200s', null],
    // One and the same is as long as itself.
    ['storm.seconds - storm.seconds = 0', true],
  ])('two lower bounds of 70 s: %s is %s', (text, held) => {
    expect(judge(text, both).held).toBe(held);
  });

  test('a measurement with other arguments is another, and one in an argument is raised as well', () => {
    const resolve = (name: string, args: Readonly<Record<string, number>>): MetricValue =>
      name === 'f' && Number(args.at) < 100 ? 1 : { atLeast: 70 };
    const held = (text: string) => judgeExpectation({ text, file: 'a.yaml', line: 1 }, resolve).held;
    expect(held('f(at: 200s) <= f(at: 300s)')).toBe(null);
    expect(held('f(at: 200s) <= f(at: 200s)')).toBe(true);
    expect(held('f(at: storm.seconds) <= 1')).toBe(null);
    expect(held('f(at: storm.seconds) >= 1')).toBe(true);
  });

  test('too many lower bounds decide nothing, and take no time', () => {
    const names = Array.from({ length: 40 }, (_, i) => `m${i}`);
    const values = Object.fromEntries(names.map((name) => [name, { atLeast: 1 }]));
    expect(judge(`${names.slice(0, 8).join(' + ')} >= 1`, values).held).toBe(true);
    expect(judge(`${names.join(' + ')} >= 1`, values).held).toBe(null);
  });

  test('why it is a bound is told', () => {
    const { held, explanation } = judge('lost = 0', { lost: { atLeast: 3, because: '5 extents are not verified' } });
    expect(held).toBe(false);
    expect(explanation).toContain('lost ≥ 3 (5 extents are not verified)');
  });
});
