import { expect, test } from 'vitest';
import type { HistoryRecord } from '../../../harness/history/records.ts';
import { ReaderOutput } from '../../../harness/run/reader-output.ts';

const DISK = { kind: 'disk', t: 5, path: '/disks/0/a1', files: 3 } as const;
const take = (...lines: readonly string[]) => {
  const records: HistoryRecord[] = [];
  const output = new ReaderOutput((record) => records.push(record));
  for (const line of lines) output.take(line);
  return { records, ...output.end() };
};

test('records of a reader are taken, as its own', () => {
  expect(take(JSON.stringify({ ...DISK, source: 'harness' }))).toEqual({
    records: [{ ...DISK, source: 'reader' }],
    tornLines: 0,
    example: null,
  });
});

test.each([
  ['a line that was cut off', JSON.stringify(DISK).slice(0, -7)],
  ['the rest of one', '1,"files":3}'],
  ['a field of another kind', JSON.stringify({ ...DISK, files: 'all' })],
  ['a record that is none of a reader', JSON.stringify({ kind: 'phase', t: 5, phase: 'storm', state: 'end' })],
  ['no object', 'null'],
])('%s ends nothing and is counted', (_, line) => {
  const { records, tornLines, example } = take(JSON.stringify(DISK), line, JSON.stringify({ ...DISK, path: 'b' }));
  expect(records.length).toBe(2);
  expect([tornLines, example]).toEqual([1, line]);
});

test('the example is shortened', () => {
  expect(take('x'.repeat(1000)).example?.length).toBeLessThan(130);
});
