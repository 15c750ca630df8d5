import { z } from 'zod';
import type { Plane, PlanRouter } from '../scenario/plan.ts';
import { bins } from './bins.ts';
import { Counter } from './counter.ts';
import type { Frame, Window } from './frame.ts';
import { round, toShare } from './rounding.ts';

/**
 * Payload bytes in a byte of a full Ethernet frame: 1,448 of 1,514 (14 Ethernet, 20 IPv4, 32 TCP with timestamps).
 * Frames of small messages carry less, so a payload computed this way is an upper bound where they are many.
 */
export const PAYLOAD_OF_FRAME = 1448 / 1514;

export const queueSchema = z.strictObject({
  router: z.string(),
  zone: z.string(),
  plane: z.enum(['primary', 'replication']),
  capacityMbit: z.number().describe('10^6 bit/s of TCP payload at the receiver, shared by everything that passes'),
  baselineMbit: z.number().nullable().describe('Mean payload before the trigger'),
  faultMbit: z.number().nullable().describe('Mean payload from the trigger’s begin to the routes’ restoration'),
  afterMbit: z.number().nullable().describe('Mean payload from the trigger’s end to the end of the measurement'),
  peakMbit: z.number().nullable().describe('Most in one second'),
  peakUtilisation: z.number().nullable().describe('The peak ÷ capacity'),
  drops: z.number().describe('Packets the full queue refused'),
  maxBacklogBytes: z.number(),
  reason: z.string().nullable().describe('Why a number is missing'),
});
export type Queue = z.infer<typeof queueSchema>;

/** Bytes that left one router's queue, as payload. */
export const payloadCounter = (frame: Frame, router: string): Counter =>
  new Counter(
    frame.history
      .of('queue')
      .filter((record) => record.source === router)
      .map((record) => ({ t: record.t, value: record.frameBytes * PAYLOAD_OF_FRAME })),
  );

/** Mbit/s of a count of bytes over a window; `null` for an empty window. */
export const mbit = (bytes: number, window: Window): number | null =>
  window.endT <= window.startT ? null : round((bytes * 8) / 1000 / (window.endT - window.startT), 3);

/** When bytes were misrouted: until the routes were back; with other faults until the trigger's end. */
export function faultWindow({ trigger, zeroT }: Frame): Window {
  const restoredT = trigger.faults.every((fault) => fault.kind === 'misroute') ? trigger.routesRestoredT : null;
  return { startT: zeroT, endT: restoredT ?? trigger.endT ?? zeroT };
}

export function routerOf(frame: Frame, plane: Plane): PlanRouter | undefined {
  return frame.plan.routers.find((router) => router.zone === frame.zone && router.plane === plane);
}

export const measureQueues = (frame: Frame): readonly Queue[] =>
  frame.plan.routers.map((router) => measureQueue(frame, router));

function measureQueue(frame: Frame, router: PlanRouter): Queue {
  const records = frame.history.of('queue').filter((record) => record.source === router.id);
  const counter = payloadCounter(frame, router.id);
  const known = records.length >= 2;
  const mean = (window: Window) => (known ? mbit(counter.in(window), window) : null);
  const { measured, trigger, zeroT } = frame;
  const rates = known ? bins(measured, zeroT, 1000).map((bin) => mbit(counter.in(bin), bin) ?? 0) : [];
  const peakMbit = rates.length === 0 ? null : Math.max(...rates);
  const dropped = new Counter(records.map((record) => ({ t: record.t, value: record.drops })));
  return {
    router: router.id,
    zone: router.zone,
    plane: router.plane,
    capacityMbit: router.capacityMbit,
    baselineMbit: mean({ startT: measured.startT, endT: trigger.touchedT ?? measured.endT }),
    faultMbit: mean(faultWindow(frame)),
    afterMbit: trigger.endT === null ? null : mean({ startT: trigger.endT, endT: measured.endT }),
    peakMbit,
    peakUtilisation: peakMbit === null ? null : toShare(peakMbit / router.capacityMbit),
    drops: Math.round(dropped.in(measured)),
    maxBacklogBytes: records.reduce((max, record) => Math.max(max, record.backlogBytes), 0),
    reason: known ? null : 'fewer than two samples of the queue',
  };
}
