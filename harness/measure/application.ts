import { z } from 'zod';
import { metricNameOf } from '../scenario/metric-name.ts';
import { type Frame, shortZone } from './frame.ts';
import { type Operation, operationsSchema, summarise } from './operations.ts';

export const zoneOperationsSchema = z.strictObject({
  zone: z.string(),
  app: z.string().optional().describe('Of a sample application: its container'),
  shortName: z.string().describe('As in the metrics: `app.a.availability`, or `app.aShop.availability` beside others'),
  periods: z.array(operationsSchema),
});
export type ZoneOperations = z.infer<typeof zoneOperationsSchema>;

/** A sample application. Two of one zone are two: what one answers is no answer of the other. */
export interface Application {
  /** Its container's id. */
  readonly id: string;
  readonly zone: string;
  /** Its zone's short name where the zone has no other, or else its own without hyphens: `aShop` of `a-shop`. */
  readonly shortName: string;
  /** For a person: `use1-a`, or with its own name where the zone has others: `use1-a, a-shop`. */
  readonly label: string;
}

/** Each application's availability, as its clients outside the zones saw it. */
export const measureApplications = (frame: Frame): readonly ZoneOperations[] =>
  applicationsOf(frame).map((application) => ({
    zone: application.zone,
    app: application.id,
    shortName: application.shortName,
    periods: [...summarise(frame, requestsOf(frame, application.id))],
  }));

/** Every sample application of the plan, and whoever else got requests; zones in the plan's order. */
export function applicationsOf(frame: Frame): readonly Application[] {
  const zoneOf = new Map(
    frame.plan.containers.filter(({ role }) => role === 'app').map(({ id, zone }) => [id, zone] as const),
  );
  for (const { app, zone } of frame.history.of('request')) if (!zoneOf.has(app)) zoneOf.set(app, zone);
  return frame.plan.zones.flatMap(({ id: zone }) => {
    const ids = [...zoneOf].filter(([, its]) => its === zone).map(([id]) => id);
    return ids.map((id): Application => {
      const alone = ids.length === 1;
      return {
        id,
        zone,
        shortName: alone ? shortZone(zone) : metricNameOf(id),
        label: alone ? zone : `${zone}, ${id}`,
      };
    });
  });
}

/** An answer later than the application's timeout is no answer: it counts as failed. */
export function requestsOf(frame: Frame, app: string): readonly Operation[] {
  const { appTimeoutMs } = frame.plan.load;
  const requests = frame.history.of('request').filter((record) => record.app === app);
  return requests.map(({ intended, ended, outcome, reason, t }) => {
    const base = { intended, ended, seenUntilT: t };
    if (ended === null) return { ...base, outcome: 'unfinished', reason };
    if (outcome === 'ok' && ended - intended > appTimeoutMs) return { ...base, outcome: 'failed', reason: 'late' };
    return { ...base, outcome, reason };
  });
}
