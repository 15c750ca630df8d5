import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { FilterLines } from '../../../fixtures/reaper/filter-lines.ts';

beforeEach(() => void vi.spyOn(console, 'error').mockImplementation(() => undefined));
afterEach(() => void vi.restoreAllMocks());

test('lines in pieces of any size; one that is not understood has no answer and no effect', () => {
  const filters = new Map<string, Readonly<Record<string, string[]>>>();
  const lines = new FilterLines(filters);
  expect(lines.push('label=a=b\r\nlab')).toEqual(['ACK\n']);
  // Names match everything that there is, or objects inherit them; the last is no text.
  expect(lines.push('el=c=d\nname=\nlabel=\nconstructor=x\n__proto__=x\nlabel=%E0%A4%A\n')).toEqual(['ACK\n']);
  expect([...filters.values()].map((one) => ({ ...one }))).toEqual([{ label: ['a=b'] }, { label: ['c=d'] }]);
  expect(lines.push('__proto__=x&label=e=f\n')).toEqual(['ACK\n']);
});

test('what a client sends is bounded: a line without an end, and lines without end', () => {
  const filters = new Map<string, Readonly<Record<string, string[]>>>();
  const lines = new FilterLines(filters);
  expect(() => {
    for (let sent = 0; sent < 1024; sent += 1) lines.push('x'.repeat(1024));
  }).toThrow(/without an end/);
  const others = new FilterLines(filters);
  for (let sent = 0; sent < 5000; sent += 1) others.push(`label=number=${sent}\n`);
  expect(filters.size).toBe(1024);
});
