import type { VolumeRecord } from '../history/records.ts';
import type { Frame } from './frame.ts';
import { Memberships } from './memberships.ts';
import { outagesOf } from './outages.ts';
import { type Interval, StepCount } from './step-count.ts';

/** What the nodes say about the volumes of one zone, from their `volume` records. */
export interface VolumeStates {
  readonly volumes: number;
  /** I/O blocked: partner lost, and nobody elected since. */
  readonly stuck: StepCount;
  /** I/O goes on with one replica while the other is being copied. */
  readonly degraded: StepCount;
  /** Either: what is not mirrored. */
  readonly unmirrored: StepCount;
}

type State = 'mirrored' | 'degraded' | 'stuck';
interface Change {
  readonly t: number;
  readonly state: State;
}

export function volumeStates(frame: Frame, zone: string): VolumeStates {
  const ids = frame.plan.volumes.filter((volume) => volume.zone === zone).map((volume) => volume.id);
  const events = Map.groupBy(frame.history.of('volume'), (record) => record.volume);
  const memberships = new Memberships(frame);
  const outages = outagesOf(frame);
  const changes = ids.map((id) => {
    const told = (events.get(id) ?? []).filter((record) => record.t <= frame.measured.endT);
    const crashes = outages.filter(({ node, startT }) => memberships.at(id, startT)?.primary === node);
    return changesOf(
      told,
      crashes.map(({ startT }) => startT),
    );
  });
  const inState = (...states: readonly State[]) => new StepCount(changes.flatMap((list) => intervalsIn(list, states)));
  return {
    volumes: ids.length,
    stuck: inState('stuck'),
    degraded: inState('degraded'),
    unmirrored: inState('stuck', 'degraded'),
  };
}

/**
 * Events of an epoch older than the volume's newest come from a replica that has been left behind, and change
 * nothing. A mirror that lost its primary does not by itself block I/O (the primary may be well); when it was then
 * promoted, the primary was not, and I/O has been blocked since the mirror lost it. A node that crashes tells nothing of
 * its volumes, and neither does anybody when both of a volume's nodes do: it is stuck since its primary's crash.
 */
function changesOf(events: readonly VolumeRecord[], primaryCrashes: readonly number[]): readonly Change[] {
  const changes: Change[] = [];
  let epoch = 0;
  let mirrorLostT: number | null = null;
  const set = (t: number, state: State) => {
    if ((changes.at(-1)?.state ?? 'mirrored') !== state) changes.push({ t, state });
  };
  const crashes = [...primaryCrashes];
  const crashUntil = (t: number) => {
    for (let next = crashes[0]; next !== undefined && next <= t; next = crashes[0])
      set(crashes.shift() ?? next, 'stuck');
  };
  for (const event of events) {
    crashUntil(event.t);
    if (event.epoch < epoch) continue;
    switch (event.event) {
      case 'partner-lost':
        if (event.role === 'primary') set(event.t, 'stuck');
        else mirrorLostT ??= event.t;
        break;
      case 'promoted':
        set(Math.max(mirrorLostT ?? event.t, changes.at(-1)?.t ?? 0), 'stuck');
        break;
      case 'elected':
        set(event.t, 'degraded');
        mirrorLostT = null;
        break;
      case 'restored':
        // Its mirror tells it too, a moment earlier; only the primary serves.
        if (event.role === 'mirror') continue;
        set(event.t, 'mirrored');
        mirrorLostT = null;
        break;
      case 'confirmed':
      case 'reattached':
        set(event.t, 'mirrored');
        mirrorLostT = null;
        break;
      default:
        // Searching and reserving change no state; being superseded or released concerns one replica only.
        continue;
    }
    epoch = event.epoch;
  }
  crashUntil(Number.POSITIVE_INFINITY);
  return changes;
}

function intervalsIn(changes: readonly Change[], states: readonly State[]): readonly Interval[] {
  const intervals: Interval[] = [];
  for (const [index, change] of changes.entries()) {
    if (!states.includes(change.state)) continue;
    intervals.push({ startT: change.t, endT: changes[index + 1]?.t ?? Number.POSITIVE_INFINITY });
  }
  return intervals;
}
