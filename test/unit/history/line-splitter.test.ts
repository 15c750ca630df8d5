import { expect, test } from 'vitest';
import { LineSplitter } from '../../../harness/history/line-splitter.ts';

function splitter(limit?: number) {
  const lines: string[] = [];
  const overlong: string[] = [];
  const made = new LineSplitter({
    onLine: (line) => lines.push(line),
    onOverlong: (start) => overlong.push(start),
    ...(limit === undefined ? {} : { limit }),
  });
  return { made, lines, overlong };
}

test('lines are the same however they are cut into pieces', () => {
  const text = 'one\n\ntwo and more\nthree';
  for (let size = 1; size <= text.length; size += 1) {
    const { made, lines } = splitter();
    for (let at = 0; at < text.length; at += size) made.push(text.slice(at, at + size));
    expect(lines).toEqual(['one', '', 'two and more']);
    expect(made.end()).toBe('three');
    expect(made.end()).toBe('');
  }
});

test('a line that is too long is told once, by its beginning, and those after it are whole', () => {
  const { made, lines, overlong } = splitter(2_000);
  for (let i = 0; i < 100; i += 1) made.push('x'.repeat(100));
  made.push(`\nshort\n${'y'.repeat(2_001)}\nlast`);
  expect(lines).toEqual(['short']);
  expect(overlong.map((start) => start.length)).toEqual([1_024, 1_024]);
  expect(made.end()).toBe('last');
});

test('a line of 100 MB without an end takes neither memory nor time', () => {
  const { made, overlong } = splitter(8 * 1024 * 1024);
  const piece = 'x'.repeat(16 * 1024);
  const began = process.cpuUsage();
  for (let i = 0; i < 6_400; i += 1) made.push(piece);
  const { user, system } = process.cpuUsage(began);
  expect(overlong).toHaveLength(1);
  expect(made.end()).toBeNull();
  expect((user + system) / 1000, 'ms of CPU').toBeLessThan(1_000);
});
