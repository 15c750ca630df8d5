import { z } from 'zod';
import { type Frame, within } from './frame.ts';
import { round } from './rounding.ts';

export const lossSchema = z.strictObject({
  zone: z.string().describe('The zone the faults are in; every number here is of this zone'),
  volumes: z.number().describe('V: volumes of the zone'),
  volumesLosingPartner: z
    .number()
    .describe(
      'D: volumes whose partner’s node was presumed dead from the trigger begin to its end plus the detector time',
    ),
  volumesLosingPartnerByMirrorOnly: z.number().describe('Of D: only the mirror lost the primary, which may be well'),
  freeSlotsBefore: z
    .number()
    .nullable()
    .describe('F: free slots counted on disk, in each node’s last record before the trigger'),
  freeSlotsBeforeReason: z.string().nullable(),
  predictedVolumesLosingPartner: z
    .number()
    .nullable()
    .describe('D as the placement and the fault’s targets alone predict it'),
  predictedFreeSlots: z.number().describe('F as the plan has it: slots minus replicas'),
  pairsLost: z.number().describe('Pairs of nodes of which at least one presumed the other dead in the same window'),
  nodesLost: z.number().describe('Nodes presumed dead by at least one peer, over the whole measurement'),
  volumesByLostPairs: z.number().describe('Volumes placed on a pair that lost one another'),
  longestSilenceAtLossMs: z.number().nullable().describe('Longest silence for which a node presumed a peer dead'),
  longestSilenceMs: z.number().describe('Longest silence of any peer that any node measured'),
  longestSilenceBeforeMs: z.number().describe('The same before the trigger'),
  volumesDegraded: z.number().describe('Volumes of any zone with a partner-lost event, over the whole measurement'),
  lossesBefore: z.number().describe('Partners lost before the trigger: an unhealthy baseline'),
});
export type Loss = z.infer<typeof lossSchema>;

/** Who lost whom, and how much room there was: the D, F and V of the storm's prediction (D − F) / V. */
export function measureLoss(frame: Frame): Loss {
  const { lossWindow, measured, plan, volumes, nodes, zone } = frame;
  const ids = new Set(volumes.map((volume) => volume.id));
  const nodeIds = new Set(nodes.map((node) => node.id));
  const losses = frame.history
    .of('volume')
    // Whose disk has failed is heard by everybody, and nobody's silence foretells it.
    .filter((record) => record.event === 'partner-lost' && record.disk !== true)
    .filter((record) => ids.has(record.volume) && within(measured, record.t));
  const lost = losses.filter((record) => within(lossWindow, record.t));
  const losing = new Set(lost.map((record) => record.volume));
  const byPrimary = new Set(lost.filter((record) => record.role === 'primary').map((record) => record.volume));
  const detections = frame.history
    .of('detector')
    .filter((record) => record.state === 'lost' && nodeIds.has(record.source) && within(measured, record.t));
  const inWindow = detections.filter((record) => within(lossWindow, record.t));
  const pairs = new Set(inWindow.map((record) => pairOf(record.source, record.peer)));
  const silences = frame.history.of('node').filter((record) => nodeIds.has(record.source));
  const free = freeSlotsBefore(frame);
  return {
    zone,
    volumes: volumes.length,
    volumesLosingPartner: losing.size,
    volumesLosingPartnerByMirrorOnly: [...losing].filter((volume) => !byPrimary.has(volume)).length,
    freeSlotsBefore: free.slots,
    freeSlotsBeforeReason: free.reason,
    predictedVolumesLosingPartner: predictedLosses(frame),
    predictedFreeSlots: plan.storage.slotsPerNode * nodes.length - 2 * volumes.length,
    pairsLost: pairs.size,
    nodesLost: new Set(detections.map((record) => record.peer)).size,
    volumesByLostPairs: volumes.filter((volume) => pairs.has(pairOf(volume.primary, volume.mirror))).length,
    longestSilenceAtLossMs:
      detections.length === 0 ? null : round(Math.max(...detections.map((record) => record.silenceMs)), 1),
    longestSilenceMs: longest(silences.filter((record) => within(measured, record.t))),
    longestSilenceBeforeMs: longest(
      silences.filter((record) => within({ startT: measured.startT, endT: frame.touchedT }, record.t)),
    ),
    volumesDegraded: new Set(
      frame.history
        .of('volume')
        .filter((record) => record.event === 'partner-lost' && within(measured, record.t))
        .map((record) => record.volume),
    ).size,
    lossesBefore: losses.filter((record) => record.t < lossWindow.startT).length,
  };
}

const pairOf = (a: string, b: string): string => (a < b ? `${a} ${b}` : `${b} ${a}`);

const longest = (records: readonly { readonly silenceMaxMs: number }[]): number =>
  round(
    records.reduce((max, record) => Math.max(max, record.silenceMaxMs), 0),
    1,
  );

function freeSlotsBefore(frame: Frame): { readonly slots: number | null; readonly reason: string | null } {
  const records = frame.history.bySource('node');
  let slots = 0;
  for (const node of frame.nodes) {
    const last = records.get(node.id)?.findLast((record) => record.t <= frame.lossWindow.startT);
    if (last === undefined) return { slots: null, reason: `${node.id} told nothing before the trigger` };
    slots += last.slotsFree;
  }
  return { slots, reason: null };
}

/** Volumes with a replica on a node that its peers are foretold to lose; `null`: of some fault nothing is foretold. */
function predictedLosses(frame: Frame): number | null {
  const targets = new Set<string>();
  for (const { losesPartnersOf } of frame.trigger.faults) {
    if (losesPartnersOf === null) return null;
    for (const id of losesPartnersOf) targets.add(id);
  }
  // Two lost nodes lose one another as well, so one target is enough.
  return frame.volumes.filter((volume) => targets.has(volume.primary) || targets.has(volume.mirror)).length;
}
