import type { HistoryRecord } from '../../harness/history/records.ts';

type Span = readonly [from: number, to: number];

/**
 * Counted anew, without the product's measuring code: from when its primary lost the mirror, or the mirror that was then
 * promoted lost its primary, which a node notices within a second, to the election that serves again. What only a mirror
 * lost blocks nobody.
 */
export function blockedVolumes(history: readonly HistoryRecord[]): ReadonlyMap<string, readonly Span[]> {
  const told = history.filter((record) => record.kind === 'volume').toSorted((one, other) => one.t - other.t);
  const lostByMirror = new Map<string, number>();
  const since = new Map<string, number>();
  const spans = new Map<string, Span[]>();
  const add = (volume: string, span: Span) => void spans.set(volume, [...(spans.get(volume) ?? []), span]);
  for (const { volume, event, role, t } of told) {
    const from = since.get(volume);
    if (event === 'partner-lost' && role === 'mirror') lostByMirror.set(volume, lostByMirror.get(volume) ?? t);
    else if (event === 'partner-lost' && from === undefined) since.set(volume, t - 1000);
    else if (event === 'promoted' && from === undefined) since.set(volume, (lostByMirror.get(volume) ?? t) - 1000);
    else if (event === 'elected' || event === 'restored') {
      if (from !== undefined) add(volume, [from, t]);
      since.delete(volume);
      lostByMirror.delete(volume);
    }
  }
  for (const [volume, from] of since) add(volume, [from, Number.POSITIVE_INFINITY]);
  return spans;
}

/** Of which a request took over two seconds, or had gone on for so long without an end when its instance stopped. */
export function hungVolumes(history: readonly HistoryRecord[]): ReadonlySet<string> {
  const waits = history.flatMap((record): (readonly [volume: string, ms: number])[] => {
    if (record.kind === 'io') return record.ops.map(([volume, , intended, ended]) => [volume, ended - intended]);
    if (record.kind === 'io.unfinished') return record.ops.map(([volume, , intended]) => [volume, record.t - intended]);
    return [];
  });
  return new Set(waits.flatMap(([volume, ms]) => (ms > 2000 ? [volume] : [])));
}

/** For how long of a stretch at least one of the spans goes on. */
export function overlapMs(spans: readonly Span[], from: number, to: number): number {
  let covered = from;
  let ms = 0;
  for (const [start, end] of spans.toSorted(([one], [other]) => one - other)) {
    const begin = Math.max(start, covered);
    const stop = Math.min(end, to);
    if (stop > begin) {
      ms += stop - begin;
      covered = stop;
    }
  }
  return ms;
}
