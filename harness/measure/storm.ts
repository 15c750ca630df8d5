import { z } from 'zod';
import { atSeconds, type Frame, type Window } from './frame.ts';
import { heldSlots } from './held-slots.ts';
import { hungVolumes } from './hung-io.ts';
import { type Recovery, recoveryIn } from './recovery.ts';
import { toShare } from './rounding.ts';
import type { StepCount } from './step-count.ts';
import { stuckShareAt } from './stuck-share.ts';
import { type VolumeStates, volumeStates } from './volume-states.ts';

/** Recovered from the storm: fewer than this share of the zone's volumes is stuck. */
const RECOVERED_BELOW = 0.01;
/** The storm's depth is read this long after the trigger's end, ms. */
export const DEPTH_AFTER_MS = 10_000;

export const stormSchema = z.strictObject({
  stormSeconds: z.number().nullable().describe('Trigger’s end until under 1 % of volumes are stuck, by the instances'),
  stormSecondsReason: z.string().nullable(),
  stormAtLeastSeconds: z.number().nullable().describe('Lower bound when the storm outlasted the record'),
  stormHeldSeconds: z.number().nullable().describe('How long it then stayed under 1 %'),
  stormSecondsByNodes: z
    .number()
    .nullable()
    .describe(
      'The same by the nodes. Shorter where operations are slow without being blocked: they hang for instances',
    ),
  mirroredSeconds: z.number().nullable().describe('Trigger’s end until every volume is mirrored, by the nodes'),
  mirroredSecondsReason: z.string().nullable(),
  mirroredAtLeastSeconds: z.number().nullable(),
  mirroredHeldSeconds: z.number().nullable(),
  resolutionSeconds: z.number().nullable().describe('Mean time between two operations on one volume'),
  stuckShareAt10s: z.number().nullable().describe('Stuck ÷ V ten seconds after the trigger’s end, by the instances'),
  stuckShareAt10sReason: z.string().nullable(),
  stuckShareAt10sByNodes: z.number().nullable(),
  predictedStuckShare: z.number().nullable().describe('(D − F) / V, not under 0'),
  peakStuckVolumes: z.number().describe('By the instances, from the trigger’s begin on'),
  peakStuckVolumesByNodes: z.number(),
  peakDegradedVolumes: z.number().describe('Running on one replica while the other is copied, by the nodes'),
  peakHeldSlots: z.number().describe('Slots held at once by replicas that their volume has left behind'),
  elsewhere: z
    .array(
      z.strictObject({
        zone: z.string(),
        volumes: z.number(),
        peakStuckVolumes: z.number(),
        peakStuckVolumesByNodes: z.number(),
        peakUnmirroredVolumes: z.number(),
      }),
    )
    .describe('Every other zone with volumes; `dose.zones` tells whether a fault is aimed there too'),
});
export type Storm = z.infer<typeof stormSchema>;

/** The storm's curves, exact to the event, and what is read off them. */
export interface StormMeasurement {
  readonly result: Storm;
  readonly states: VolumeStates;
  readonly hung: StepCount;
  readonly held: StepCount;
  readonly recovery: Recovery;
  /** The same of each zone with volumes, by its id. */
  readonly recoveries: ReadonlyMap<string, Recovery>;
  readonly mirrored: Recovery;
  /** The trigger's end to the recovery, or to the end of the measurement. */
  readonly window: Window;
}

export function measureStorm(frame: Frame, lost: number, free: number | null): StormMeasurement {
  const states = volumeStates(frame, frame.zone);
  const hung = hungVolumes(frame, frame.zone);
  const held = heldSlots(frame);
  const { measured, zeroT, touchedT, plan } = frame;
  const volumes = frame.volumes.length;
  const after = afterTrigger(frame);
  const isCalm = (count: number) => volumes > 0 && count / volumes < RECOVERED_BELOW;
  const recovery = judgeRecovery(frame, after, hung, isCalm, frame.hungMs, 'storm');
  const byNodes = judgeRecovery(frame, after, states.stuck, isCalm, 0, 'storm');
  const mirrored = judgeRecovery(frame, after, states.unmirrored, (count) => count === 0, 0, 'loss of a mirror');
  const depth = depthAfter(frame, after, hung, states);
  const since = (count: StepCount) => count.max(touchedT, measured.endT);
  const recoveries = new Map([[frame.zone, recovery]]);
  const elsewhere = plan.zones
    .map((zone) => zone.id)
    .filter((zone) => zone !== frame.zone && plan.volumes.some((volume) => volume.zone === zone))
    .map((zone) => {
      const there = volumeStates(frame, zone);
      const hungThere = hungVolumes(frame, zone);
      const calmThere = (count: number) => count / there.volumes < RECOVERED_BELOW;
      recoveries.set(zone, judgeRecovery(frame, after, hungThere, calmThere, frame.hungMs, 'storm'));
      return {
        zone,
        volumes: there.volumes,
        peakStuckVolumes: since(hungThere),
        peakStuckVolumesByNodes: since(there.stuck),
        peakUnmirroredVolumes: since(there.unmirrored),
      };
    });
  const share = (count: number) => toShare(count / Math.max(1, volumes));
  const result: Storm = {
    stormSeconds: recovery.seconds,
    stormSecondsReason: recovery.reason,
    stormAtLeastSeconds: recovery.atLeastSeconds,
    stormHeldSeconds: recovery.heldSeconds,
    stormSecondsByNodes: byNodes.seconds,
    mirroredSeconds: mirrored.seconds,
    mirroredSecondsReason: mirrored.reason,
    mirroredAtLeastSeconds: mirrored.atLeastSeconds,
    mirroredHeldSeconds: mirrored.heldSeconds,
    resolutionSeconds: plan.load.ioPerSecondPerVolume > 0 ? toShare(1 / plan.load.ioPerSecondPerVolume) : null,
    stuckShareAt10s: depth.share === null ? null : toShare(depth.share),
    stuckShareAt10sReason: depth.reason,
    stuckShareAt10sByNodes: depth.shareByNodes,
    predictedStuckShare: free === null || volumes === 0 ? null : share(Math.max(0, lost - free)),
    peakStuckVolumes: since(hung),
    peakStuckVolumesByNodes: since(states.stuck),
    peakDegradedVolumes: since(states.degraded),
    peakHeldSlots: since(held),
    elsewhere,
  };
  const recoveredT = after === null || recovery.seconds === null ? null : after.startT + recovery.seconds * 1000;
  const window = { startT: after?.startT ?? zeroT, endT: recoveredT ?? measured.endT };
  return { result, states, hung, held, recovery, recoveries, mirrored, window };
}

/** From the trigger's proved end to the end of what was measured; `null`: there is no such time. */
function afterTrigger({ trigger, measured }: Frame): Window | null {
  if (trigger.endT === null || trigger.endT >= measured.endT) return null;
  return { startT: trigger.endT, endT: measured.endT };
}

const whyNoAfter = ({ trigger }: Frame): string =>
  trigger.endReason ?? 'the trigger was proved gone only after the measurement had ended';

function judgeRecovery(
  frame: Frame,
  window: Window | null,
  count: StepCount,
  well: (count: number) => boolean,
  blindMs: number,
  what: string,
): Recovery {
  const nothing = { seconds: null, atLeastSeconds: null, heldSeconds: null };
  if (window === null) return { ...nothing, needed: true, reason: whyNoAfter(frame) };
  const everUnwell = count.stretches(frame.touchedT, frame.measured.endT).some((stretch) => !well(stretch.count));
  if (!everUnwell) return { ...nothing, needed: false, reason: `there was no ${what}` };
  return recoveryIn({ count, well, window, blindMs });
}

interface Depth {
  readonly share: number | null;
  readonly reason: string | null;
  readonly shareByNodes: number | null;
}

function depthAfter(frame: Frame, after: Window | null, hung: StepCount, states: VolumeStates): Depth {
  if (after === null) return { share: null, reason: whyNoAfter(frame), shareByNodes: null };
  const t = after.startT + DEPTH_AFTER_MS;
  const { share } = stuckShareAt(frame, hung, states.unmirrored, t);
  if (share !== null) {
    return { share, reason: null, shareByNodes: toShare(states.stuck.at(t) / Math.max(1, frame.volumes.length)) };
  }
  const seconds = (atSeconds(frame, after.endT) - atSeconds(frame, after.startT)).toFixed(1);
  const reason =
    frame.volumes.length === 0 ? 'the zone has no volume' : `the measurement ends ${seconds} s after the trigger`;
  return { share: null, reason, shareByNodes: null };
}
