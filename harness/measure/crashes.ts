import { z } from 'zod';
import type { NodeRecord } from '../history/records.ts';
import { countersOf, sumIn } from './counter.ts';
import { atSeconds, type Frame, within } from './frame.ts';
import { Memberships } from './memberships.ts';
import { isDown, type Outage, outagesOf } from './outages.ts';
import { toShare } from './rounding.ts';
import type { Search } from './search.ts';
import { type Interval, StepCount } from './step-count.ts';

const crashSchema = z.strictObject({
  node: z.string(),
  atSeconds: z.number(),
  closesInWindow: z.number().nullable().describe('Search connections that it closed at once; null: it did not tell'),
  replicas: z.number().nullable().describe('Replicas on its disk, quarantined with it'),
  exitCode: z.number().nullable().describe('Of its process, by the engine'),
  volumesDegraded: z.number().describe('Volumes that lost a replica with it, by the control plane’s elections'),
});

export const crashesSchema = z.strictObject({
  nodesCrashed: z.number().describe('Crashes by the race of closes during the measurement, all zones'),
  crashes: z.array(crashSchema),
  volumesDegraded: z.number().describe('Volumes that lost a replica to a crash at least once'),
  volumesUnrecoverable: z
    .number()
    .describe(
      'At the end: volumes all of whose confirmed replicas are on crashed nodes, so that nobody can serve them',
    ),
  peakVolumesUnrecoverable: z.number(),
  peakQuarantinedSlots: z.number().describe('Slots of crashed nodes, which nobody may use, at most at once'),
  closesPeak: z.number().describe('Most search connections closed within one window on one node'),
  closesPeakByNode: z.array(z.strictObject({ node: z.string(), closesPeak: z.number(), racyCloses: z.number() })),
  racyCloses: z.number().describe('Closes at which the race could be lost, since the trigger’s begin, all nodes'),
  racyShare: z.number().nullable().describe('Of the attempts in the fault’s zone'),
});
export type Crashes = z.infer<typeof crashesSchema>;

export interface CrashMeasurement {
  readonly result: Crashes;
  /** Slots of crashed nodes of the frame's zone. */
  readonly quarantined: StepCount;
}

/** The race of closes: who crashed, what that took with it, and how near the others came. */
export function measureCrashes(frame: Frame, search: Search): CrashMeasurement {
  const { measured, plan, touchedT } = frame;
  const window = { startT: touchedT, endT: measured.endT };
  const memberships = new Memberships(frame);
  const outages = outagesOf(frame).filter(({ startT }) => within(measured, startT));
  const degraded = outages.map(({ node, startT }) => memberships.on(node, startT));
  const unrecoverable = new StepCount(plan.volumes.flatMap(({ id }) => unrecoverableOf(id, memberships, outages)));
  const quarantined = (nodes: readonly Outage[]) =>
    new StepCount(nodes.flatMap((outage) => Array.from({ length: plan.storage.slotsPerNode }, () => outage)));
  const records = new Map([...frame.history.bySource('node')].map(([node, list]) => [node, inside(frame, list)]));
  const racy = countersOf(records, (record) => record.racyCloses);
  const closesPeakByNode = [...records].map(([node, list]) => ({
    node,
    closesPeak: list.reduce((peak, record) => Math.max(peak, record.closesPeak), 0),
    racyCloses: Math.round(
      sumIn(
        [racy.get(node)].filter((counter) => counter !== undefined),
        window,
      ),
    ),
  }));
  const racyCloses = closesPeakByNode.reduce((sum, one) => sum + one.racyCloses, 0);
  const inZone = new Set([...frame.nodes, ...frame.spares].map(({ id }) => id));
  return {
    quarantined: quarantined(outages.filter(({ node }) => inZone.has(node))),
    result: {
      nodesCrashed: outages.length,
      crashes: outages.map(({ node, startT, told, exitCode }, index) => ({
        node,
        atSeconds: atSeconds(frame, startT),
        closesInWindow: told?.closesInWindow ?? null,
        replicas: told?.replicas ?? null,
        exitCode,
        volumesDegraded: degraded[index]?.length ?? 0,
      })),
      volumesDegraded: new Set(degraded.flat()).size,
      volumesUnrecoverable: unrecoverable.at(measured.endT - 1),
      peakVolumesUnrecoverable: unrecoverable.max(measured.startT, measured.endT),
      peakQuarantinedSlots: quarantined(outages).max(measured.startT, measured.endT),
      closesPeak: closesPeakByNode.reduce((peak, one) => Math.max(peak, one.closesPeak), 0),
      closesPeakByNode,
      racyCloses,
      racyShare: search.attempts === 0 ? null : toShare(racyCloses / search.attempts),
    },
  };
}

const inside = ({ measured }: Frame, list: readonly NodeRecord[]): readonly NodeRecord[] =>
  list.filter((record) => within(measured, record.t));

/**
 * When the volume's confirmed replicas were all on crashed nodes. A copy that was under way, and one that was left
 * behind, do not count: they may lack acknowledged writes, so the control plane elects neither.
 */
function unrecoverableOf(volume: string, memberships: Memberships, outages: readonly Outage[]): readonly Interval[] {
  if (outages.length === 0) return [];
  const times = [
    ...new Set([
      ...memberships.changesOf(volume).map(({ t }) => t),
      ...outages.flatMap(({ startT, endT }) => [startT, endT]),
    ]),
  ].sort((a, b) => a - b);
  return times.flatMap((startT, index): readonly Interval[] => {
    const members = memberships.at(volume, startT);
    if (members === undefined || startT === Number.POSITIVE_INFINITY) return [];
    const { primary, mirror } = members;
    const isGone = isDown(outages, primary, startT) && (mirror === null || isDown(outages, mirror, startT));
    return isGone ? [{ startT, endT: times[index + 1] ?? Number.POSITIVE_INFINITY }] : [];
  });
}
