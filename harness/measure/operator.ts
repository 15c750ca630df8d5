import { z } from 'zod';
import type { ActionRecord } from '../history/records.ts';
import { apiCallsOf, apiZones, isOpenLoop } from './api.ts';
import { bins } from './bins.ts';
import { atSeconds, type Frame, shortZone, type Window, within } from './frame.ts';
import { freeSlotsAt } from './free-slots.ts';
import { summariseAs } from './operations.ts';
import { outagesOf } from './outages.ts';
import { round, toSeconds, toShare } from './rounding.ts';
import { searchRates } from './search.ts';
import type { StormMeasurement } from './storm.ts';

/** Each curve is looked at for so long before an action was asked for and after it was done, ms. */
const LOOK_MS = 10_000;
/**
 * What was being served when the action was read back is neither before it nor after it, ms: a worker has the answer of
 * the store in some ten; an election that came 12 ms after a cut had got through before it.
 */
const UNDER_WAY_MS = 250;
/** Where the record, or another end, leaves less than this, nothing is said, ms. */
const LEAST_MS = 1000;

const curve = z
  .strictObject({ before: z.number().nullable(), after: z.number().nullable() })
  .describe(
    'Over the 10 s before it was asked for, and 10 s from a quarter second after it was done; null: under 1 s, or no call',
  );

const curvesSchema = z.strictObject({
  stuckShare: curve.describe('Mean share of the fault’s zone’s volumes stuck, by the instances’ hung I/O'),
  searchPerSecond: curve.describe('Search attempts of the zone’s nodes'),
  electionsPerSecond: curve.describe('Elections, promotions and confirmations of the zone’s volumes'),
  freeSlots: curve.describe('Mean of the slots that are free on the zone’s nodes that run'),
});
export const CURVES = ['stuckShare', 'searchPerSecond', 'electionsPerSecond', 'freeSlots'] as const;

export const operatorSchema = z.strictObject({
  actions: z.array(
    z.strictObject({
      id: z.string(),
      action: z.string(),
      zone: z.string(),
      by: z.enum(['schedule', 'terminal']),
      description: z.string(),
      outcome: z.enum(['done', 'failed', 'skipped', 'unfinished']).describe('skipped: its phase ended before its time'),
      readBack: z.string().nullable().describe('What was found in force, or what went wrong'),
      askedAtSeconds: z.number().nullable().describe('Since the trigger’s begin'),
      doneAtSeconds: z.number().nullable(),
      sinceTriggerEndSeconds: z.number().nullable().describe('When it was done'),
      curves: curvesSchema.extend({
        api: z
          .array(z.strictObject({ zone: z.string(), shortName: z.string() }).extend(curve.shape))
          .describe('Share of users’ calls that were answered, by the users’ zone'),
      }),
    }),
  ),
});
export type OperatorMeasurement = z.infer<typeof operatorSchema>;
export type MeasuredAction = OperatorMeasurement['actions'][number];

/** What operators did, and the curves that it should move, before and after. */
export function measureOperator(frame: Frame, storm: StormMeasurement): OperatorMeasurement {
  const byId = Map.groupBy(frame.history.of('action'), (record) => record.id);
  return { actions: [...byId.values()].map((records) => measureAction(frame, storm, records)) };
}

function measureAction(frame: Frame, storm: StormMeasurement, records: readonly ActionRecord[]): MeasuredAction {
  const asked = records.find(({ state }) => state === 'asked');
  const end = records.find(({ state }) => state !== 'asked');
  const [first] = records;
  if (first === undefined) throw new Error('an action without a record');
  const { id, action, zone, by, detail } = first;
  const doneT = end?.state === 'done' ? end.t : null;
  const triggerEnd = frame.trigger.endT;
  return {
    id,
    action,
    zone,
    by,
    description: detail,
    outcome: end === undefined || end.state === 'asked' ? 'unfinished' : end.state,
    readBack: end?.readBack ?? null,
    askedAtSeconds: asked === undefined ? null : atSeconds(frame, asked.t),
    doneAtSeconds: doneT === null ? null : atSeconds(frame, doneT),
    sinceTriggerEndSeconds: doneT === null || triggerEnd === null ? null : toSeconds(doneT - triggerEnd),
    curves: curvesOf(frame, storm, asked?.t ?? null, doneT),
  };
}

function curvesOf(
  frame: Frame,
  storm: StormMeasurement,
  askedT: number | null,
  doneT: number | null,
): MeasuredAction['curves'] {
  const before = askedT === null ? null : clipped(frame, { startT: askedT - LOOK_MS, endT: askedT });
  const afterT = doneT === null ? null : doneT + UNDER_WAY_MS;
  const after = afterT === null ? null : clipped(frame, { startT: afterT, endT: afterT + LOOK_MS });
  const over = (value: (window: Window) => number | null) => ({
    before: before === null ? null : value(before),
    after: after === null ? null : value(after),
  });
  const volumes = new Set(frame.volumes.map(({ id }) => id));
  const elections = frame.history
    .of('election')
    .filter(({ volume, event }) => volumes.has(volume) && event !== 'created');
  return {
    stuckShare: over((window) => {
      const stretches = storm.hung.stretches(window.startT, window.endT);
      const sum = stretches.reduce((total, { startT, endT, count }) => total + count * (endT - startT), 0);
      return volumes.size === 0 ? null : toShare(sum / (window.endT - window.startT) / volumes.size);
    }),
    searchPerSecond: over((window) => searchRates(frame, [window])[0] ?? null),
    electionsPerSecond: over((window) => {
      const count = elections.filter(({ t }) => within(window, t)).length;
      return round((count * 1000) / (window.endT - window.startT), 2);
    }),
    freeSlots: over((window) => meanFreeSlots(frame, window)),
    api: apiZones(frame).map((zone) => {
      const calls = apiCallsOf(frame, zone).filter(isOpenLoop);
      const answered = over((window) => {
        const offered = calls.filter(({ intended }) => within(window, intended));
        return summariseAs('', offered).availability;
      });
      return { zone, shortName: shortZone(zone), ...answered };
    }),
  };
}

function meanFreeSlots(frame: Frame, window: Window): number | null {
  const outages = outagesOf(frame);
  const samples = bins(window, window.startT, 500).flatMap(({ startT }) => freeSlotsAt(frame, outages, startT) ?? []);
  if (samples.length === 0) return null;
  return round(samples.reduce((sum, free) => sum + free, 0) / samples.length, 1);
}

function clipped({ measured }: Frame, { startT, endT }: Window): Window | null {
  const window = { startT: Math.max(startT, measured.startT), endT: Math.min(endT, measured.endT) };
  return window.endT - window.startT < LEAST_MS ? null : window;
}
