import type { VolumeRecord } from '../history/records.ts';
import type { Frame } from './frame.ts';
import { type Interval, StepCount } from './step-count.ts';

/**
 * Slots taken by replicas that a volume has left behind: every holder keeps its copy until it can confirm that
 * another node took over (https://aws.amazon.com/message/65648/), so a storm takes room that it does not give back.
 * A replica is held from the election that left it behind until its holder says `released`.
 */
export function heldSlots(frame: Frame): StepCount {
  const events = Map.groupBy(frame.history.of('volume'), (record) => record.volume);
  return new StepCount(
    frame.volumes.flatMap((volume) =>
      heldOf(
        [volume.primary, volume.mirror],
        (events.get(volume.id) ?? []).filter((e) => e.t < frame.measured.endT),
      ),
    ),
  );
}

function heldOf(initial: readonly string[], events: readonly VolumeRecord[]): readonly Interval[] {
  let members = new Set(initial);
  let epoch = 0;
  const since = new Map<string, number>();
  const intervals: Interval[] = [];
  for (const event of events) {
    if (event.event === 'elected' && event.peer !== null && event.epoch >= epoch) {
      epoch = event.epoch;
      const now = new Set([event.source, event.peer]);
      for (const left of members.difference(now)) since.set(left, event.t);
      members = now;
    } else if (event.event === 'released') {
      const startT = since.get(event.source);
      if (startT !== undefined) intervals.push({ startT, endT: event.t });
      since.delete(event.source);
    }
  }
  for (const startT of since.values()) intervals.push({ startT, endT: Number.POSITIVE_INFINITY });
  return intervals;
}
