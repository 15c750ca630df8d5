import { z } from 'zod';
import type { SnapshotRecord } from '../history/records.ts';
import { atSeconds, type Frame, within } from './frame.ts';

const restorationSchema = z.strictObject({
  volume: z.string(),
  atSeconds: z.number(),
  snapshotAtSeconds: z.number().nullable().describe('When its snapshot was taken; null: before the record begins'),
});

export const snapshotsSchema = z.strictObject({
  taken: z.number().describe('Snapshots that were entered, over the whole measurement'),
  takenAsPrecaution: z.number().describe('Of these: by the control plane itself'),
  bytesTaken: z.number().describe('Bytes that were read from nodes for them'),
  takenOfMirrors: z.number().describe('Of these: read from a mirror, for a volume without a primary that answered'),
  deleted: z.number(),
  damaged: z.number().describe('Times that a snapshot was refused because its bytes were not those that were stored'),
  restoredAsNew: z.number().describe('New volumes with the bytes of a snapshot'),
  bytesRestored: z.number().describe('Bytes of the snapshots that volumes, new or not, were restored from'),
  restoredInPlace: z
    .array(restorationSchema)
    .describe('Unrecoverable volumes that got the content of their snapshot back, on other nodes'),
});
export type Snapshots = z.infer<typeof snapshotsSchema>;

/** What became of snapshots, as the control plane told it, all zones. */
export function measureSnapshots(frame: Frame): Snapshots {
  const records = frame.history.of('snapshot').filter(({ t }) => within(frame.measured, t));
  const of = (event: SnapshotRecord['event']) => records.filter((record) => record.event === event);
  const taken = of('taken');
  const restored = of('restored');
  const bytesOf = (list: readonly SnapshotRecord[]) => list.reduce((sum, { bytes }) => sum + bytes, 0);
  const takenAt = new Map(
    frame.history.of('snapshot').flatMap((one) => (one.event === 'taken' ? [[one.snapshot, one.t]] : [])),
  );
  return {
    taken: taken.length,
    takenAsPrecaution: taken.filter(({ isPrecaution }) => isPrecaution).length,
    bytesTaken: bytesOf(taken),
    takenOfMirrors: taken.filter(({ role }) => role === 'mirror').length,
    deleted: of('deleted').length,
    damaged: of('damaged').length,
    restoredAsNew: restored.filter(({ into, volume }) => into !== volume).length,
    bytesRestored: bytesOf(restored),
    restoredInPlace: restored
      .filter(({ into, volume }) => into === volume)
      .map(({ volume, t, snapshot }) => {
        const at = takenAt.get(snapshot);
        return {
          volume,
          atSeconds: atSeconds(frame, t),
          snapshotAtSeconds: at === undefined ? null : atSeconds(frame, at),
        };
      }),
  };
}
