import { atSeconds } from '../measure/frame.ts';
import type { Measurements } from '../measure/measure-run.ts';
import { misreadsIn } from '../measure/misreads.ts';
import { faultWindow } from '../measure/queues.ts';
import type { Recovery } from '../measure/recovery.ts';
import { stuckShareAt } from '../measure/stuck-share.ts';
import { notVerifiedOf } from './not-verified.ts';

/** A lower bound: it had taken this long when the record ended, or so many were found and not everything was looked at. */
export interface AtLeast {
  readonly atLeast: number;
  /** Why it is no more than a bound, where that is not plain. */
  readonly because?: string;
}
export type MetricValue = number | AtLeast | { readonly unavailable: string };
export type MetricArguments = Readonly<Record<string, number>>;

/** Something an expectation can name. Shares are 0..1, times are seconds since the trigger's begin. */
export interface Metric {
  readonly description: string;
  readonly unit: 'count' | 'share' | 's' | 'bytes' | 'Mbit/s' | 'ratio';
  readonly value: (measurements: Measurements, args: MetricArguments) => MetricValue;
}

/** The number, or why there is none. */
export const or = (value: number | null | undefined, reason: string | null = null): MetricValue =>
  value ?? { unavailable: reason ?? 'it was not measured' };

const metric = (unit: Metric['unit'], description: string, value: Metric['value']): Metric => ({
  unit,
  description,
  value,
});

/** Seconds from the trigger's end, a lower bound, or why there is neither; 0 where nothing had to recover. */
export function recoveryValue({ needed, seconds, atLeastSeconds, reason }: Recovery): MetricValue {
  if (!needed) return 0;
  return seconds ?? (atLeastSeconds === null ? or(null, reason) : { atLeast: atLeastSeconds });
}

const recovered =
  (which: 'recovery' | 'mirrored'): Metric['value'] =>
  ({ storm }) =>
    recoveryValue(storm[which]);

const stuckShare: Metric['value'] = ({ frame, storm }, args) => {
  const { at } = args;
  if (at === undefined) return or(null, 'say when: storm.stuckShare(at: trigger.end + 10s)');
  const { share, reason } = stuckShareAt(frame, storm.hung, storm.states.unmirrored, frame.zeroT + at * 1000);
  return or(share, reason);
};

/** What (D − F) / V left out: the two differ where nodes crash early, where slots come back, or where I/O is slow. */
const stuckShareExcess: Metric['value'] = ({ storm, loss }) => {
  const { stuckShareAt10s, stuckShareAt10sReason, predictedStuckShare } = storm.result;
  if (stuckShareAt10s === null) return or(null, stuckShareAt10sReason);
  return or(predictedStuckShare === null ? null : stuckShareAt10s - predictedStuckShare, loss.freeSlotsBeforeReason);
};

const recoveredWithin: Metric['value'] = ({ storm }, { within }) => {
  if (within === undefined) return or(null, 'say within what: storm.recovered(within: 300s)');
  const seconds = recoveryValue(storm.recovery);
  if (typeof seconds === 'number') return seconds <= within ? 1 : 0;
  if ('unavailable' in seconds) return seconds;
  if (seconds.atLeast >= within) return 0;
  return or(null, `the record ends ${seconds.atLeast.toFixed(1)} s after the trigger, without a recovery`);
};

/** Of a time after the record's end nobody knows more than what had crashed until then. */
const crashed: Metric['value'] = ({ crashes, frame }, { by }) => {
  const count = crashes.crashes.filter((crash) => by === undefined || crash.atSeconds <= by).length;
  const endSeconds = atSeconds(frame, frame.measured.endT);
  if (by === undefined || by <= endSeconds) return count;
  return { atLeast: count, because: `the record ends at ${endSeconds.toFixed(1)} s` };
};

const ledger =
  (value: (ledger: Measurements['ledger']) => number): Metric['value'] =>
  (m) =>
    m.ledger.reason === null ? value(m.ledger) : or(null, m.ledger.reason);

/**
 * What a safety claim is about: how many were found to be wrong. 0 only where everything was looked at; otherwise what
 * was found is a lower bound, and where nothing was found nobody knows.
 */
export function foundWrong(found: number, notVerified: readonly string[]): MetricValue {
  if (notVerified.length === 0) return found;
  const because = notVerified.join('; ');
  return found === 0 ? { unavailable: because } : { atLeast: found, because };
}

/** By name as expectations use it. Those of a zone are in `zone-metrics.ts`. */
export const METRICS: Readonly<Record<string, Metric>> = {
  D: metric('count', 'volumes that lost their partner to the fault', (m) => m.loss.volumesLosingPartner),
  F: metric('count', 'free slots on disk before the fault', (m) =>
    or(m.loss.freeSlotsBefore, m.loss.freeSlotsBeforeReason),
  ),
  V: metric('count', 'volumes of the fault’s zone', (m) => m.loss.volumes),
  'trigger.seconds': metric('s', 'from the first fault applied until it was proved gone', ({ frame }) =>
    triggerEnd(frame),
  ),
  'trigger.end': metric('s', 'when the fault was proved gone, since it was applied', ({ frame }) => triggerEnd(frame)),
  'storm.seconds': metric(
    's',
    'from the trigger’s end until under 1 % of volumes are stuck, held; 0 if none were',
    recovered('recovery'),
  ),
  'storm.mirroredSeconds': metric(
    's',
    'from the trigger’s end until every volume is mirrored; 0 if all were throughout',
    recovered('mirrored'),
  ),
  'storm.stuckShare': metric('share', 'share of volumes stuck at a time, by the instances: (at: …)', stuckShare),
  'storm.stuckShareExcess': metric(
    'share',
    'share of volumes stuck 10 s after the trigger’s end, by the instances, − (D − F) / V, which is not under 0',
    stuckShareExcess,
  ),
  'storm.recovered': metric(
    'count',
    '1 where under 1 % of volumes were stuck so long after the trigger’s end at the latest, otherwise 0: (within: …)',
    recoveredWithin,
  ),
  'storm.peakStuckShare': metric('share', 'the largest share stuck at once, by the instances', (m) =>
    m.loss.volumes === 0 ? or(null, 'the zone has no volume') : m.storm.result.peakStuckVolumes / m.loss.volumes,
  ),
  'storm.searchAttempts': metric('count', 'attempts to find room, since the trigger’s begin', (m) => m.search.attempts),
  'storm.searchPeak': metric('count', 'most attempts in one second', (m) => or(m.search.peakPerSecond)),
  'storm.refusedShare': metric('share', 'refused attempts ÷ attempts', (m) =>
    or(m.search.refusedShare, 'nobody searched'),
  ),
  'storm.amplification': metric('ratio', 'attempts ÷ D', (m) =>
    or(m.search.amplification, m.search.amplificationReason),
  ),
  'storm.bytesResynced': metric('bytes', 'bytes copied to new homes', (m) => m.copy.bytesResynced),
  'storm.copyShareOfResidual': metric('ratio', 'copy rate ÷ the replication capacity left for it', (m) =>
    or(m.copy.shareOfResidual, m.copy.reason),
  ),
  'storm.heldSlots': metric(
    'count',
    'most slots held at once by replicas left behind',
    (m) => m.storm.result.peakHeldSlots,
  ),
  'storm.quarantinedSlots': metric(
    'count',
    'most slots at once on nodes that crashed, where nobody may use them',
    (m) => m.crashes.peakQuarantinedSlots,
  ),
  'volumes.unrecoverable': metric(
    'count',
    'volumes at the end whose confirmed replicas are all on crashed nodes',
    (m) => m.crashes.volumesUnrecoverable,
  ),
  'volumes.restored': metric(
    'count',
    'unrecoverable volumes that were restored from a snapshot in their place',
    (m) => m.snapshots.restoredInPlace.length,
  ),
  'volumes.lostReplicaToCrash': metric(
    'count',
    'volumes of any zone that lost a replica to a crash at least once',
    (m) => m.crashes.volumesDegraded,
  ),
  'volumes.degraded': metric(
    'count',
    'volumes of any zone that ever lost their partner',
    (m) => m.loss.volumesDegraded,
  ),
  'volumes.stuck': metric(
    'count',
    'most volumes stuck at once, by the instances',
    (m) => m.storm.result.peakStuckVolumes,
  ),
  'nodes.lost': metric('count', 'nodes presumed dead by a peer', (m) => m.loss.nodesLost),
  'nodes.crashed': metric(
    'count',
    'nodes that crashed by the race of closes; (by: …) those until a time only',
    crashed,
  ),
  'nodes.closesPeak': metric(
    'count',
    'most search connections that one node closed at once',
    (m) => m.crashes.closesPeak,
  ),
  'nodes.pairsLost': metric('count', 'pairs of nodes that lost one another to the fault', (m) => m.loss.pairsLost),
  'nodes.longestSilence': metric(
    's',
    'longest silence of a peer that a node measured',
    (m) => m.loss.longestSilenceMs / 1000,
  ),
  'elections.elected': metric('count', 'elections with a new partner', (m) => m.elections.elected),
  'elections.promoted': metric('count', 'mirrors that became primary', (m) => m.elections.promoted),
  'elections.conflicts': metric('count', 'epochs of a volume with two primaries', (m) => m.elections.conflicts),
  'elections.answered': metric(
    'share',
    'elections that nodes asked for and were answered, in the fault’s zone',
    (m) => {
      const calls = m.controlPlane.nodeCalls.find((one) => one.zone === m.frame.zone && one.operation === 'elections');
      return or(calls?.periods[0]?.availability, 'no node asked for one');
    },
  ),
  'control.busyPeak': metric('count', 'most workers of the control plane busy at once', ({ controlPlane }) =>
    or(controlPlane.busyPeak, controlPlane.reason),
  ),
  'control.queueMaxSeconds': metric('s', 'longest wait for a worker of the control plane', ({ controlPlane }) =>
    or(controlPlane.queueMaxSeconds, controlPlane.reason),
  ),
  'control.expired': metric('count', 'calls worked on after their callers had given up', ({ controlPlane }) =>
    or(controlPlane.expired, controlPlane.reason),
  ),
  'control.refused': metric('count', 'calls refused or left alone by a control plane with too much', (m) => {
    const { refused, dropped, reason } = m.controlPlane;
    return or(refused === null || dropped === null ? null : refused + dropped, reason);
  }),
  'snapshots.taken': metric('count', 'snapshots taken of volumes', (m) => m.snapshots.taken),
  'dose.misroutedBytes': metric('bytes', 'payload through the replication router while misrouted', (m) =>
    or(m.dose.misroute?.misroutedBytes, m.dose.misroute?.reason ?? 'the plan has no misroute'),
  ),
  'dose.misroutedMbit': metric('Mbit/s', 'its rate', ({ queues, frame }) => {
    const queue = queues.find((entry) => entry.zone === frame.zone && entry.plane === 'replication');
    return faultWindow(frame).endT > frame.zeroT ? or(queue?.faultMbit) : or(null, 'no bytes were misrouted');
  }),
  'ledger.acknowledged': metric('count', 'writes acknowledged to the instances', (m) => m.ledger.acknowledgedWrites),
  'ledger.verified': metric(
    'count',
    'extents right on every confirmed replica',
    ledger((l) => l.extentsVerified),
  ),
  'ledger.salvageable': metric(
    'count',
    'extents right, but on disks of crashed nodes only',
    ledger((l) => l.extentsSalvageable),
  ),
  'ledger.rolledBack': metric(
    'count',
    'extents acknowledged after the snapshot that their unrecoverable volume was restored from',
    ledger((l) => l.extentsRolledBack),
  ),
  'ledger.lost': metric(
    'count',
    'extents wrong on a confirmed replica, and misreads; not available where none was found and not everything was verified',
    ({ ledger }) => foundWrong(ledger.extentsLost + misreadsIn(ledger.misreads), notVerifiedOf(ledger)),
  ),
  'ledger.misread': metric(
    'count',
    'reads and answers of applications that returned what was overwritten, torn, or never sent',
    ({ ledger }) => misreadsIn(ledger.misreads),
  ),
  'ledger.unverified': metric(
    'count',
    'extents that could not be read, volumes without a ledger, and acknowledged writes that no ledger has',
    ({ ledger }) => {
      if (ledger.reason !== null) return or(null, ledger.reason);
      const known = ledger.extentsUnverified + ledger.volumesWithoutLedger + (ledger.writesForgotten ?? 0);
      const problem = ledger.reading?.problem ?? null;
      return known === 0 && problem !== null ? or(null, problem) : known;
    },
  ),
  'host.cpuMedian': metric('share', 'median CPU of the machine', (m) => or(m.machine.cpuMedianShare)),
  'host.cpuP95': metric('share', 'p95 CPU of the machine', (m) => or(m.machine.cpuP95Share)),
};

function triggerEnd({ trigger }: Measurements['frame']): MetricValue {
  const { startT, endT } = trigger;
  return or(startT === null || endT === null ? null : (endT - startT) / 1000, trigger.endReason);
}
