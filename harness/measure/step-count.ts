/** From `startT`, included, to `endT`, not included; `Infinity`: it never ended. */
export interface Interval {
  readonly startT: number;
  readonly endT: number;
}

/** How many things (volumes, copies) are in a state, as it changes over time: exact to the event, not sampled. */
export class StepCount {
  readonly #changes: readonly { readonly t: number; readonly count: number }[];

  /** The intervals of one thing must not overlap: see `mergeIntervals`. */
  constructor(intervals: Iterable<Interval>) {
    const deltas = new Map<number, number>();
    for (const { startT, endT } of intervals) {
      if (endT <= startT) continue;
      deltas.set(startT, (deltas.get(startT) ?? 0) + 1);
      if (endT !== Number.POSITIVE_INFINITY) deltas.set(endT, (deltas.get(endT) ?? 0) - 1);
    }
    let count = 0;
    this.#changes = [...deltas]
      .sort(([a], [b]) => a - b)
      .map(([t, delta]) => {
        count += delta;
        return { t, count };
      });
  }

  at(t: number): number {
    return this.#changes.findLast((change) => change.t <= t)?.count ?? 0;
  }

  /** The stretches of equal count from `startT` to `endT`, in order, without gaps. */
  stretches(startT: number, endT: number): readonly (Interval & { readonly count: number })[] {
    const starts = this.#changes.filter((change) => change.t > startT && change.t < endT);
    const points = [{ t: startT, count: this.at(startT) }, ...starts];
    return points.map((point, index) => ({
      startT: point.t,
      endT: points[index + 1]?.t ?? endT,
      count: point.count,
    }));
  }

  max(startT: number, endT: number): number {
    return this.stretches(startT, endT).reduce((max, stretch) => Math.max(max, stretch.count), 0);
  }
}

/** Overlapping and touching intervals become one. */
export function mergeIntervals(intervals: readonly Interval[]): readonly Interval[] {
  const merged: Interval[] = [];
  for (const interval of intervals.toSorted((a, b) => a.startT - b.startT)) {
    const last = merged.at(-1);
    if (last !== undefined && interval.startT <= last.endT) {
      merged[merged.length - 1] = { startT: last.startT, endT: Math.max(last.endT, interval.endT) };
    } else merged.push(interval);
  }
  return merged;
}
