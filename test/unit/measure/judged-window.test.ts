import { describe, expect, test } from 'vitest';
import type { HistoryRecord } from '../../../harness/history/records.ts';
import { judgedWindow } from '../../../harness/measure/judged-window.ts';
import { measureStorm } from '../../../harness/measure/storm.ts';
import { io, volume } from './record-builders.ts';
import { frameWith } from './small-run.ts';

/** The trigger is from 20.0 to 22.5, and 50.0 is the end of what is measured; va1 is stuck until `elected`. */
function endOf({ elected, mirrored }: { elected: number | null; mirrored: number | null }): number {
  const told: HistoryRecord[] = [volume('va1', 'partner-lost', 21_000, 'a1', { peer: 'a2' })];
  if (elected !== null) told.push(volume('va1', 'elected', elected, 'a1', { epoch: 2, peer: 'a3' }));
  if (mirrored !== null) told.push(volume('va1', 'confirmed', mirrored, 'a1', { epoch: 2, peer: 'a3' }));
  const end = elected ?? 49_000;
  const frame = frameWith([...told, io('a-instances', end, [['va1', 'write', 21_100, end, 'ok', null]])]);
  const storm = measureStorm(frame, 1, 0);
  const window = judgedWindow(frame, storm);
  expect(window.startT).toBe(20_000);
  expect(frame.trigger.endT).toBe(22_500);
  return window.endT;
}

describe('the machine is judged for as long as a number of the storm is being taken', () => {
  test('until every volume is mirrored', () => {
    expect(endOf({ elected: 25_000, mirrored: 41_000 })).toBe(41_000);
  });

  test('ten seconds after the trigger at least, as the share that is stuck is asked for then', () => {
    expect(endOf({ elected: 23_500, mirrored: 24_000 })).toBe(32_500);
  });

  test('to the end of what was measured, when not all was mirrored by then', () => {
    const measuredEnd = frameWith([]).measured.endT;
    expect(endOf({ elected: 25_000, mirrored: null })).toBe(measuredEnd);
    expect(endOf({ elected: null, mirrored: null })).toBe(measuredEnd);
  });
});
