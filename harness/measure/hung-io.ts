import type { IoOperation } from '../history/records.ts';
import type { Frame } from './frame.ts';
import { type Interval, mergeIntervals, StepCount } from './step-count.ts';

/**
 * Stuck as the instances see it, without asking the nodes: a volume is stuck at a time when an operation intended
 * at or before it was unfinished then and took, or is still taking, longer than `frame.hungMs`.
 */
export const hungVolumes = (frame: Frame, zone: string): StepCount =>
  new StepCount([...hungIntervals(frame, zone).values()].flat());

/** When each volume was stuck; intervals of one do not overlap. Volumes that never were are left out. */
export function hungIntervals(frame: Frame, zone: string): ReadonlyMap<string, readonly Interval[]> {
  const volumes = new Set(frame.plan.volumes.filter((volume) => volume.zone === zone).map((volume) => volume.id));
  const hung = new Map<string, Interval[]>();
  const add = (volume: string, startT: number, endT: number, seenUntilT: number) => {
    if (!volumes.has(volume) || Math.min(endT, seenUntilT) - startT <= frame.hungMs) return;
    const list = hung.get(volume);
    if (list === undefined) hung.set(volume, [{ startT, endT }]);
    else list.push({ startT, endT });
  };
  for (const record of frame.history.of('io')) {
    for (const [volume, , intended, ended] of record.ops) add(volume, intended, ended, ended);
  }
  for (const { volume, intended, seenUntilT } of unfinishedIo(frame)) {
    add(volume, intended, Number.POSITIVE_INFINITY, seenUntilT);
  }
  return new Map([...hung].map(([volume, intervals]) => [volume, mergeIntervals(intervals)]));
}

export interface UnfinishedIo {
  readonly volume: string;
  readonly op: IoOperation | null;
  readonly intended: number;
  /** Until when we know that it had not finished. */
  readonly seenUntilT: number;
}

/**
 * Operations that never finished: as the instances printed them when they stopped, or, of instances that were
 * killed before they could, the oldest one of each volume in their last record.
 */
export function unfinishedIo(frame: Frame): readonly UnfinishedIo[] {
  const told = frame.history.bySource('io.unfinished');
  const unfinished: UnfinishedIo[] = [];
  for (const record of frame.history.of('io.unfinished')) {
    for (const [volume, op, intended] of record.ops) unfinished.push({ volume, op, intended, seenUntilT: record.t });
  }
  for (const [source, records] of frame.history.bySource('io')) {
    const last = records.at(-1);
    if (told.has(source) || last === undefined) continue;
    for (const [volume, intended] of last.pending) {
      unfinished.push({ volume, op: null, intended, seenUntilT: last.t });
    }
  }
  return unfinished;
}
