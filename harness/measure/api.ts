import { z } from 'zod';
import type { ApiRecord } from '../history/records.ts';
import { type Frame, shortZone } from './frame.ts';
import { type Operation, operationsSchema, summarise } from './operations.ts';

/** The name under which all calls of an open loop are summed up. */
export const ALL_CALLS = 'all';

/** Follow each creation that succeeded, so nobody offers them by an open loop: shown by themselves, not in `all`. */
const FOLLOW_UPS: readonly string[] = ['deleteVolume', 'deleteSnapshot'];

export const apiCallsSchema = z.strictObject({
  zone: z.string().describe('Of the callers'),
  shortName: z.string().describe('As in the metrics: `api.b.availability`'),
  call: z
    .string()
    .describe(
      `One call of the API; \`${ALL_CALLS}\`: those that come by the open loop, without \`${FOLLOW_UPS.join('` and `')}\``,
    ),
  periods: z.array(operationsSchema),
});
export type ApiCalls = z.infer<typeof apiCallsSchema>;

export interface ApiCallOperation extends Operation {
  readonly call: string;
}

/** What the users of each zone got of the API, by call, as they saw it. Empty for a plan without users. */
export function measureApi(frame: Frame): readonly ApiCalls[] {
  return apiZones(frame).flatMap((zone) => {
    const calls = apiCallsOf(frame, zone);
    const entry = (call: string, operations: readonly Operation[]): ApiCalls => {
      return { zone, shortName: shortZone(zone), call, periods: [...summarise(frame, operations)] };
    };
    const names = [...new Set(calls.map(({ call }) => call))].sort();
    return [
      entry(ALL_CALLS, calls.filter(isOpenLoop)),
      ...names.map((name) =>
        entry(
          name,
          calls.filter(({ call }) => call === name),
        ),
      ),
    ];
  });
}

export const isOpenLoop = ({ call }: ApiCallOperation): boolean => !FOLLOW_UPS.includes(call);

/** Zones that have users, or that users told of. */
export function apiZones(frame: Frame): readonly string[] {
  const asked = new Set(frame.history.of('api').map((record) => record.zone));
  for (const { role, zone } of frame.plan.containers) if (role === 'users') asked.add(zone);
  return frame.plan.zones.map((zone) => zone.id).filter((zone) => asked.has(zone));
}

/** A call that no record tells of any more, because its users were stopped first, is unfinished. */
export function apiCallsOf(frame: Frame, zone: string): readonly ApiCallOperation[] {
  const finished = frame.history
    .of('api')
    .filter((record) => record.zone === zone)
    .flatMap((record) => record.calls.map((call) => finishedCall(call, record.t)));
  const never = frame.history
    .of('api.unfinished')
    .filter((record) => record.zone === zone)
    .flatMap(({ calls, t }) =>
      calls.map(([call, intended]): ApiCallOperation => {
        return { call, intended, ended: null, seenUntilT: t, outcome: 'unfinished', reason: null };
      }),
    );
  return [...finished, ...never];
}

function finishedCall(
  [call, intended, ended, outcome, reason]: ApiRecord['calls'][number],
  seenUntilT: number,
): ApiCallOperation {
  return { call, intended, ended, seenUntilT, outcome, reason };
}
