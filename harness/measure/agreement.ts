import { z } from 'zod';
import { atSeconds, type Frame } from './frame.ts';
import type { Loss } from './loss.ts';
import { outagesOf } from './outages.ts';
import { toShare } from './rounding.ts';
import type { StormMeasurement } from './storm.ts';

export const agreementSchema = z.strictObject({
  what: z.string(),
  one: z.string().describe('Who says the first number'),
  oneValue: z.number().nullable(),
  other: z.string(),
  otherValue: z.number().nullable(),
  tolerance: z.number(),
  unit: z.string(),
  agree: z.boolean().nullable().describe('`null`: one of the two is missing, or there was nothing to compare'),
  reason: z.string().nullable(),
});
export type Agreement = z.infer<typeof agreementSchema>;

/** The depth is compared ten seconds after the trigger, or earlier where the record is shorter, ms. */
const DEPTH_AFTER_MS = 10_000;
const STUCK_TOLERANCE = 0.05;

/**
 * Numbers measured in two ways. Where they differ one of them is wrong, and nothing built on them can be trusted.
 * Stuck has two independent observers, instances and nodes. D is told by the nodes both times: by what they did to
 * volumes, and by whom they lost. Without a trigger there is no storm to compare.
 */
export function measureAgreement(frame: Frame, loss: Loss, storm: StormMeasurement): readonly Agreement[] {
  return [
    compare({
      ...depthPair(frame, storm),
      one: 'instances: hung I/O',
      other: 'nodes: partner lost and nobody elected',
      tolerance: STUCK_TOLERANCE,
      unit: 'share of volumes',
    }),
    compare({
      what: 'D, volumes losing their partner',
      one: 'nodes: partner-lost events',
      oneValue: loss.volumesLosingPartner,
      other: 'placement × pairs of nodes that lost one another',
      otherValue: frame.trigger.startT === null ? null : loss.volumesByLostPairs,
      // A pair lost in the last moments of the window has told of some of its volumes only.
      tolerance: Math.max(1, Math.round(0.02 * loss.volumes)),
      unit: 'volumes',
      reason: frame.trigger.startReason,
    }),
    compare({
      what: 'F, free slots before the trigger',
      one: 'nodes: counted on disk',
      oneValue: loss.freeSlotsBefore,
      other: 'plan: slots minus replicas',
      otherValue: loss.predictedFreeSlots,
      // Two volumes that users are just creating or deleting.
      tolerance: frame.plan.load.apiCallsPerSecond > 0 ? 4 : 0,
      unit: 'slots',
      reason: loss.freeSlotsBeforeReason,
    }),
    compare({ ...crashPair(frame), tolerance: 0, unit: 'nodes' }),
  ];
}

/** Up to the reading back of the final state: while nodes are being stopped the engine is not listened to. */
function crashPair(frame: Frame) {
  const { history, measured } = frame;
  const endT = history.of('final-state').at(-1)?.t ?? measured.endT;
  const outages = outagesOf(frame).filter(({ startT }) => startT < endT);
  return {
    what: 'crashed nodes',
    one: 'nodes: their last records',
    oneValue: outages.filter(({ told }) => told !== null).length,
    other: 'engine: exit codes',
    otherValue: outages.filter(({ exitCode }) => exitCode !== null).length,
    reason: null,
  };
}

function compare(pair: Omit<Agreement, 'agree' | 'reason'> & { readonly reason: string | null }): Agreement {
  const { what, one, oneValue, other, otherValue, tolerance, unit, reason } = pair;
  const known = oneValue !== null && otherValue !== null;
  const agree = known ? Math.abs(oneValue - otherValue) <= tolerance + 1e-9 : null;
  return { what, one, oneValue, other, otherValue, tolerance, unit, agree, reason };
}

function depthPair(
  frame: Frame,
  storm: StormMeasurement,
): Pick<Agreement, 'what' | 'oneValue' | 'otherValue' | 'reason'> {
  const what = 'stuck share after the trigger';
  const { trigger, measured, volumes } = frame;
  if (trigger.endT === null) return { what, oneValue: null, otherValue: null, reason: trigger.endReason };
  const t = Math.min(trigger.endT + DEPTH_AFTER_MS, measured.endT - frame.hungMs);
  if (t < trigger.endT) {
    return { what, oneValue: null, otherValue: null, reason: 'the measurement ends with the trigger' };
  }
  const share = (count: number) => toShare(count / Math.max(1, volumes.length));
  const after = (atSeconds(frame, t) - atSeconds(frame, trigger.endT)).toFixed(1);
  return {
    what: `stuck share ${after} s after the trigger`,
    oneValue: share(storm.hung.at(t)),
    otherValue: share(storm.states.stuck.at(t)),
    reason: null,
  };
}
