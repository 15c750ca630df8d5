import type { Frame, Window } from './frame.ts';

/** A program that a fault ended has so long from the revert to get ready, ms; after that its silence is its own. */
const READY_LIMIT_MS = 10_000;

export interface Silenced extends Window {
  readonly container: string;
  /** When the revert was read back; infinite where it was not. */
  readonly revertedT: number;
}

/**
 * By container, when a fault kept it from running: from before the fault is applied until its revert is read back. One
 * that ended meanwhile, as by a kill, tells nothing until it is ready again. Only the containers that the fault itself
 * stops: whoever lags or is silent beside it does so by itself.
 */
export function silencedWindows({ history, trigger }: Frame): ReadonlyMap<string, readonly Silenced[]> {
  const records = Map.groupBy(history.of('fault'), (record) => record.id);
  const exits = history.bySource('exit');
  const readies = history.bySource('ready');
  const windows = trigger.faults.flatMap(({ id, silences }) => {
    const own = records.get(id) ?? [];
    const begin = own.find((record) => record.state === 'applying' || record.state === 'applied');
    if (begin === undefined) return [];
    const revertedT = own.findLast((record) => record.state === 'reverted')?.t ?? Number.POSITIVE_INFINITY;
    return silences.map((container) => {
      const exit = exits.get(container)?.find(({ t }) => t >= begin.t && t <= revertedT);
      const ready = exit && readies.get(container)?.find(({ t }) => t > exit.t);
      const backT =
        exit === undefined ? revertedT : Math.min(ready?.t ?? Number.POSITIVE_INFINITY, revertedT + READY_LIMIT_MS);
      return { container, startT: begin.t, endT: Math.max(revertedT, backT), revertedT };
    });
  });
  return Map.groupBy(windows, ({ container }) => container);
}

/**
 * What of `gap`, in which a helper beside a container's program said nothing, no fault excuses. A helper is started again
 * after the program, so it has as long from the revert, if it came back by then: one that did not is dead since.
 */
export function unexcused(gap: Window, silencings: readonly Silenced[]): readonly Window[] {
  const excuses = silencings.map(({ startT, revertedT }) => {
    const cameBack = gap.startT < revertedT && gap.endT <= revertedT + READY_LIMIT_MS;
    return { startT, endT: cameBack ? Math.max(revertedT, gap.endT) : revertedT };
  });
  return without(gap, excuses);
}

/** What is left of `window` outside of `taken`, in order of time. */
export function without(window: Window, taken: readonly Window[]): readonly Window[] {
  const left: Window[] = [];
  let fromT = window.startT;
  for (const { startT, endT } of taken.toSorted((a, b) => a.startT - b.startT)) {
    if (startT > fromT) left.push({ startT: fromT, endT: Math.min(startT, window.endT) });
    fromT = Math.max(fromT, endT);
    if (fromT >= window.endT) return left.filter((part) => part.endT > part.startT);
  }
  return [...left, { startT: fromT, endT: window.endT }].filter((part) => part.endT > part.startT);
}
