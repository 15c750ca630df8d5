import { z } from 'zod';
import { type Frame, shortZone } from './frame.ts';
import { type Operation, operationsSchema, summarise } from './operations.ts';

export const zoneOperationsSchema = z.strictObject({
  zone: z.string(),
  shortName: z.string().describe('As in the metrics: `app.a.availability`'),
  periods: z.array(operationsSchema),
});
export type ZoneOperations = z.infer<typeof zoneOperationsSchema>;

/** The sample applications' availability, a zone each, as their clients outside the zones saw it. */
export const measureApplications = (frame: Frame): readonly ZoneOperations[] =>
  applicationZones(frame).map((zone) => ({
    zone,
    shortName: shortZone(zone),
    periods: [...summarise(frame, requestsOf(frame, zone))],
  }));

/** Zones that have a sample application, or got requests for one. */
export function applicationZones(frame: Frame): readonly string[] {
  const asked = new Set(frame.history.of('request').map((record) => record.zone));
  const served = frame.plan.containers.filter((container) => container.role === 'app');
  for (const container of served) asked.add(container.zone);
  return frame.plan.zones.map((zone) => zone.id).filter((zone) => asked.has(zone));
}

/** An answer later than the application's timeout is no answer: it counts as failed. */
export function requestsOf(frame: Frame, zone: string): readonly Operation[] {
  const { appTimeoutMs } = frame.plan.load;
  const requests = frame.history.of('request').filter((record) => record.zone === zone);
  return requests.map(({ intended, ended, outcome, reason, t }) => {
    const base = { intended, ended, seenUntilT: t };
    if (ended === null) return { ...base, outcome: 'unfinished', reason };
    if (outcome === 'ok' && ended - intended > appTimeoutMs) return { ...base, outcome: 'failed', reason: 'late' };
    return { ...base, outcome, reason };
  });
}
