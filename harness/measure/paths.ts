import { z } from 'zod';
import type { PlanRouter } from '../scenario/plan.ts';
import type { Frame } from './frame.ts';
import { round } from './rounding.ts';

const number = z.number().nullable();

export const pathSchema = z.strictObject({
  router: z.string(),
  askedMbit: z.number().describe('The plan’s capacity, 10^6 bit/s of TCP payload at the receiver'),
  receivedMbit: number.describe('Payload at the receiver of a flood of 1.5 s, before the storage started'),
  deviation: number.describe('received ÷ asked − 1'),
  rttP50Ms: number.describe('Round trip of one byte over the idle path'),
  rttP99Ms: number,
  connectMs: number.describe('From the call to connect until the first answered byte'),
  measuredRttP50Ms: number.describe('The same round trip while the run went on, the whole measurement long'),
  measuredRttP99Ms: number,
  unanswered: z.number().describe('Pings without an answer within 2 s over the whole measurement, of those sent'),
  pings: z.number(),
  reason: z.string().nullable().describe('Why a number is missing'),
});
export type Path = z.infer<typeof pathSchema>;

/** What each router’s path really does, by the gauge of its zone: before anything else used it, and during the run. */
export const measurePaths = (frame: Frame): readonly Path[] =>
  frame.plan.routers.map((router) => measurePath(frame, router));

function measurePath(frame: Frame, router: PlanRouter): Path {
  const gauge = gaugeOf(frame, router);
  const before = frame.history.of('gauge.path').find((one) => one.source === gauge && one.plane === router.plane);
  const pings = frame.history
    .of('gauge')
    .filter((one) => one.source === gauge && one.plane === router.plane)
    .flatMap((one) => one.pings)
    .filter(([sent]) => sent >= frame.measured.startT && sent < frame.measured.endT);
  const answered = pings.flatMap(([, rtt]) => (rtt === null ? [] : [rtt])).sort((a, b) => a - b);
  return {
    router: router.id,
    askedMbit: router.capacityMbit,
    receivedMbit: before === undefined ? null : round(before.receivedMbit, 3),
    deviation: before === undefined ? null : round(before.receivedMbit / router.capacityMbit - 1, 4),
    rttP50Ms: before === undefined ? null : round(before.rttP50Ms, 3),
    rttP99Ms: before === undefined ? null : round(before.rttP99Ms, 3),
    connectMs: before === undefined ? null : round(before.connectMs, 3),
    measuredRttP50Ms: nearestRank(answered, 0.5),
    measuredRttP99Ms: nearestRank(answered, 0.99),
    unanswered: pings.length - answered.length,
    pings: pings.length,
    reason: before === undefined ? `no gauge of ${router.zone} measured it` : null,
  };
}

/** The container whose links lead through the router and back to itself. */
function gaugeOf(frame: Frame, router: PlanRouter): string | undefined {
  return frame.plan.containers.find((one) => one.role === 'gauge' && one.zone === router.zone)?.id;
}

export function nearestRank(sorted: readonly number[], share: number): number | null {
  const value = sorted[Math.ceil(share * sorted.length - 1e-9) - 1];
  return value === undefined ? null : round(value, 3);
}
