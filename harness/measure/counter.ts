import type { Window } from './frame.ts';

export interface Sample {
  readonly t: number;
  readonly value: number;
}

/**
 * A cumulative count that was sampled now and then. Between two samples it is taken to grow evenly, so a lost
 * sample costs resolution and no counts. A value below the one before means that the program started again from 0.
 */
export class Counter {
  readonly #t: readonly number[];
  readonly #sum: readonly number[];

  constructor(samples: readonly Sample[]) {
    const sum: number[] = [];
    let total = 0;
    let previous: number | null = null;
    for (const { value } of samples) {
      if (previous !== null) total += value >= previous ? value - previous : value;
      previous = value;
      sum.push(total);
    }
    this.#t = samples.map((sample) => sample.t);
    this.#sum = sum;
  }

  /** How much was counted in the window; nothing outside the samples. */
  in(window: Window): number {
    return this.#at(window.endT) - this.#at(window.startT);
  }

  /** The first and last sample times inside the window, between which the count is exact; `null` if under two. */
  exactWindow(window: Window): Window | null {
    const first = this.#t.find((t) => t >= window.startT);
    const last = this.#t.findLast((t) => t <= window.endT);
    return first === undefined || last === undefined || first >= last ? null : { startT: first, endT: last };
  }

  #at(t: number): number {
    const after = firstAfter(this.#t, t);
    const sumAfter = this.#sum[after];
    const sumBefore = this.#sum[after - 1];
    const tAfter = this.#t[after];
    const tBefore = this.#t[after - 1];
    if (sumBefore === undefined || tBefore === undefined) return 0;
    if (sumAfter === undefined || tAfter === undefined) return sumBefore;
    return sumBefore + ((sumAfter - sumBefore) * (t - tBefore)) / (tAfter - tBefore);
  }
}

/** Index of the first time later than `t` in an ascending list. */
function firstAfter(times: readonly number[], t: number): number {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((times[middle] ?? 0) <= t) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** One counter a source, from records in order of time. */
export function countersOf<R extends { readonly t: number }>(
  bySource: ReadonlyMap<string, readonly R[]>,
  value: (record: R) => number,
): ReadonlyMap<string, Counter> {
  return new Map(
    [...bySource].map(([source, records]) => [
      source,
      new Counter(records.map((record) => ({ t: record.t, value: value(record) }))),
    ]),
  );
}

/** Together, over those sources that have a counter. */
export const sumIn = (counters: Iterable<Counter>, window: Window): number =>
  [...counters].reduce((sum, counter) => sum + counter.in(window), 0);
