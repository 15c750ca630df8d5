import { ALL_CALLS, apiCallsOf, apiZones, isOpenLoop } from '../measure/api.ts';
import { applicationsOf, requestsOf } from '../measure/application.ts';
import { type Frame, shortZone, within } from '../measure/frame.ts';
import type { Measurements } from '../measure/measure-run.ts';
import { type Operation, summariseAs } from '../measure/operations.ts';
import { type Metric, type MetricValue, or, recoveryValue } from './metrics.ts';

/** What became of one zone after the trigger's end, by what follows `storm.a.` for the zone `use1-a`. */
export const ZONE_STORM_METRICS: Readonly<Record<string, ZoneStormMetric>> = {
  seconds: {
    unit: 's',
    description: 'from the trigger’s end until under 1 % of the zone’s volumes are stuck, held; 0 if none were',
    value: ({ storm }, zone) => {
      const recovery = storm.recoveries.get(zone);
      return recovery === undefined ? or(null, `zone ${shortZone(zone)} has no volume`) : recoveryValue(recovery);
    },
  },
  apiAvailability: {
    unit: 'share',
    description: 'ok ÷ offered of its users’ calls of the open loop, due from the trigger’s end on',
    value: ({ frame }, zone) =>
      apiZones(frame).includes(zone)
        ? availabilityOf(frame, apiCallsOf(frame, zone).filter(isOpenLoop))
        : or(null, `zone ${shortZone(zone)} has no user of the API`),
  },
  appAvailability: {
    unit: 'share',
    description: 'ok ÷ offered of its application’s requests, due from the trigger’s end on',
    value: ({ frame }, zone) => {
      const [application, another] = applicationsOf(frame).filter((one) => one.zone === zone);
      if (application === undefined) return or(null, `zone ${shortZone(zone)} has no application`);
      // Of two added up, one that is well would hide one that is not.
      if (another !== undefined) return or(null, `zone ${shortZone(zone)} has more than one application`);
      return availabilityOf(frame, requestsOf(frame, application.id));
    },
  },
};

export interface ZoneStormMetric {
  readonly description: string;
  readonly unit: Metric['unit'];
  /** `zone`: its id, such as `use1-a`. */
  readonly value: (measurements: Measurements, zone: string) => MetricValue;
}

const NAME = /^storm\.([^.]+)\.([^.]+)$/;

/** Resolves `storm.b.seconds` and its like; `undefined`: no such metric. */
export function zoneStormMetric(name: string, measurements: Measurements): MetricValue | undefined {
  const [, short, what = ''] = NAME.exec(name) ?? [];
  if (!Object.hasOwn(ZONE_STORM_METRICS, what)) return undefined;
  const zone = measurements.frame.plan.zones.find(({ id }) => shortZone(id) === short);
  if (zone === undefined) return or(null, `there is no zone ${short}`);
  return ZONE_STORM_METRICS[what]?.value(measurements, zone.id);
}

function availabilityOf({ trigger, measured }: Frame, operations: readonly Operation[]): MetricValue {
  if (trigger.endT === null) return or(null, trigger.endReason);
  const window = { startT: trigger.endT, endT: measured.endT };
  const due = operations.filter(({ intended }) => within(window, intended));
  return or(summariseAs(ALL_CALLS, due).availability, 'nothing was offered after the trigger’s end');
}
