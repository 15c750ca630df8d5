import { z } from 'zod';
import { type Frame, within } from './frame.ts';

export const electionsSchema = z.strictObject({
  elected: z.number().describe('Elections in which a primary got a new partner'),
  promoted: z.number().describe('Mirrors that became primary'),
  confirmed: z.number().describe('New mirrors that took ownership'),
  conflicts: z.number().describe('Epochs of a volume for which two primaries were recorded: must be 0'),
});
export type Elections = z.infer<typeof electionsSchema>;

/** What the control plane decided about the zone's volumes since the trigger began. */
export function measureElections(frame: Frame): Elections {
  const ids = new Set(frame.volumes.map((volume) => volume.id));
  const records = frame.history.of('election').filter((record) => ids.has(record.volume));
  const window = { startT: frame.touchedT, endT: frame.measured.endT };
  const count = (event: string) =>
    records.filter((record) => record.event === event && within(window, record.t)).length;
  const primaries = Map.groupBy(records, (record) => `${record.volume} ${record.epoch}`);
  return {
    elected: count('elected'),
    promoted: count('promoted'),
    confirmed: count('confirmed'),
    // Over the whole record: two primaries of one epoch are wrong at any time.
    conflicts: [...primaries.values()].filter((list) => new Set(list.map((record) => record.primary)).size > 1).length,
  };
}
