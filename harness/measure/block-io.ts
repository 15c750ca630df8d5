import { z } from 'zod';
import { type Frame, shortZone, within } from './frame.ts';
import { unfinishedIo } from './hung-io.ts';
import { Memberships } from './memberships.ts';
import { type Operation, operationsSchema, summarise } from './operations.ts';
import { outagesOf } from './outages.ts';

export const blockIoSchema = z.strictObject({
  zone: z.string(),
  shortName: z.string(),
  volumes: z
    .enum(['all', 'partner lost', 'untouched'])
    .describe('Which volumes: those with a partner-lost event, or on a node that crashed, apart'),
  periods: z.array(operationsSchema),
});
export type BlockIo = z.infer<typeof blockIoSchema>;

/** The instances' I/O. There is no time limit: an operation that hung and then finished is ok, and slow. */
export function measureBlockIo(frame: Frame): readonly BlockIo[] {
  const operations = ioOperations(frame);
  const lost = frame.history
    .of('volume')
    .filter((record) => record.event === 'partner-lost' && within(frame.measured, record.t))
    .map((record) => record.volume);
  // Where both nodes of a volume crash at once, nobody is left to say so.
  const memberships = new Memberships(frame);
  const outages = outagesOf(frame).filter(({ startT }) => within(frame.measured, startT));
  const touched = new Set([...lost, ...outages.flatMap(({ node, startT }) => memberships.on(node, startT))]);
  const of = (zone: string, volumes: BlockIo['volumes'], keep: (volume: string) => boolean): BlockIo => {
    const ids = frame.plan.volumes.filter((volume) => volume.zone === zone && keep(volume.id)).map(({ id }) => id);
    const list = ids.flatMap((id) => operations.get(id) ?? []);
    return { zone, shortName: shortZone(zone), volumes, periods: [...summarise(frame, list)] };
  };
  const zones = frame.plan.zones.map((zone) => zone.id);
  return zones
    .filter((zone) => frame.plan.volumes.some((volume) => volume.zone === zone))
    .flatMap((zone) => {
      const all = of(zone, 'all', () => true);
      if (zone !== frame.zone || touched.size === 0) return [all];
      return [
        all,
        of(zone, 'partner lost', (volume) => touched.has(volume)),
        of(zone, 'untouched', (volume) => !touched.has(volume)),
      ];
    });
}

/** Every operation of the instances, by volume. */
function ioOperations(frame: Frame): ReadonlyMap<string, readonly Operation[]> {
  const byVolume = new Map<string, Operation[]>();
  const add = (volume: string, operation: Operation) => {
    const list = byVolume.get(volume);
    if (list === undefined) byVolume.set(volume, [operation]);
    else list.push(operation);
  };
  for (const record of frame.history.of('io')) {
    for (const [volume, , intended, ended, outcome, reason] of record.ops) {
      add(volume, { intended, ended, seenUntilT: ended, outcome, reason });
    }
  }
  for (const { volume, intended, seenUntilT } of unfinishedIo(frame)) {
    add(volume, { intended, ended: null, seenUntilT, outcome: 'unfinished', reason: null });
  }
  return byVolume;
}
