import type { Frame, Window } from './frame.ts';

/** From applied to reverting, of each fault that was in force, by its id. */
export function faultWindows({ history, measured }: Frame): ReadonlyMap<string, Window> {
  const windows = new Map<string, Window>();
  for (const [id, records] of Map.groupBy(history.of('fault'), (one) => one.id)) {
    const applied = records.find((one) => one.state === 'applied');
    const reverting = records.find((one) => one.state === 'reverting');
    if (applied !== undefined) windows.set(id, { startT: applied.t, endT: reverting?.t ?? measured.endT });
  }
  return windows;
}

export const overlap = (a: Window, b: Window): boolean => a.startT < b.endT && b.startT < a.endT;
