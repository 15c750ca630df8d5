import type { Window } from './frame.ts';

/**
 * Cuts a window into bins of `widthMs` whose edges fall on `zeroT`, so that a curve's bins and the fault's window
 * line up. Whole bins only: a shorter one at either end would show a dip that is not there.
 */
export function bins(window: Window, zeroT: number, widthMs: number): readonly Window[] {
  const first = Math.ceil((window.startT - zeroT) / widthMs);
  const last = Math.floor((window.endT - zeroT) / widthMs);
  const list: Window[] = [];
  for (let index = first; index < last; index += 1) {
    list.push({ startT: zeroT + index * widthMs, endT: zeroT + (index + 1) * widthMs });
  }
  return list;
}
