import { describe, expect, test } from 'vitest';
import type { HistoryRecord, ReaderRecord } from '../../../harness/history/records.ts';
import { measureReading } from '../../../harness/measure/reading.ts';
import { runStart } from './record-builders.ts';
import { frameWith } from './small-run.ts';

const reader = (more: Partial<ReaderRecord> = {}): HistoryRecord => ({
  kind: 'reader',
  source: 'harness',
  t: 55_900,
  disks: ['/disks/0/control-plane', '/disks/0/a1'],
  exitCode: 0,
  reason: null,
  tornLines: 0,
  example: null,
  ...more,
});
const disk = (path: string): HistoryRecord => ({ kind: 'disk', source: 'reader', t: 55_000, path, files: 1 });
const STORE = disk('/disks/0/control-plane');
const NODE = disk('/disks/0/a1');
const problemOf = (...records: readonly HistoryRecord[]) => measureReading(frameWith(records))?.problem;

describe('measureReading', () => {
  test('everything was read', () => {
    expect(measureReading(frameWith([STORE, NODE, reader()]))).toEqual({
      disks: 2,
      disksRead: 2,
      exitCode: 0,
      tornLines: 0,
      problem: null,
    });
  });

  test.each([
    ['killed half-way', [STORE, reader({ exitCode: 137 })], /killed \(exit code 137\); 1 of 2 disks.*not .*a1/],
    ['killed at its end', [STORE, NODE, reader({ exitCode: 137 })], /killed \(exit code 137\)$/],
    ['out of memory', [STORE, reader({ exitCode: 137, reason: 'it was out of memory' })], /out of memory/],
    ['too slow', [STORE, NODE, reader({ exitCode: null, reason: 'it had not ended' })], /no exit code; it had not/],
    ['content with fewer disks', [STORE, reader()], /^the reader of disks: 1 of 2 disks were read/],
    ['torn', [STORE, NODE, reader({ tornLines: 2, example: '{"ki' })], /2 of its lines are no record, such as {"ki/],
    [
      'in trouble with a file',
      [
        STORE,
        NODE,
        { kind: 'unread', source: 'reader', t: 1, what: '/disks/0/a1/slots/00.data', why: 'ENOENT' } as const,
        reader({ exitCode: 1 }),
      ],
      /exit code 1; not read: .*00.data \(ENOENT\)/,
    ],
  ])('a reader that was %s has not read everything', (_, records, problem) => {
    expect(problemOf(...records)).toMatch(problem);
  });

  test('a history of which the reader’s end is missing has a problem, an older one tells nothing', () => {
    expect(measureReading(frameWith([STORE, NODE]))).toBeNull();
    expect(problemOf(STORE, NODE, { ...runStart(1000), records: 2 } as HistoryRecord)).toMatch(/nothing tells/);
  });
});
