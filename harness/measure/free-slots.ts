import type { Frame } from './frame.ts';
import { isDown, type Outage } from './outages.ts';
import { nodeRecords } from './search.ts';

/** Slots free on the zone's nodes that run then, as last counted on disk; `null` before all of them have told. */
export function freeSlotsAt(frame: Frame, outages: readonly Outage[], t: number): number | null {
  const records = nodeRecords(frame);
  const spares = new Set(frame.spares.map(({ id }) => id));
  let free = 0;
  for (const { id } of [...frame.nodes, ...frame.spares]) {
    if (isDown(outages, id, t)) continue;
    const last = records.get(id)?.findLast((record) => record.t <= t);
    // A spare that has not joined yet tells nothing.
    if (last === undefined && spares.has(id)) continue;
    if (last === undefined) return null;
    free += last.slotsFree;
  }
  return free;
}
