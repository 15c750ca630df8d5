import { z } from 'zod';
import type { PlanFault } from '../scenario/plan.ts';
import type { Frame, Window } from './frame.ts';
import { faultWindows, overlap } from './in-force.ts';
import { mbit, payloadCounter } from './queues.ts';
import { round } from './rounding.ts';

export const heldCapacitySchema = z.strictObject({
  fault: z.string(),
  what: z.string().describe('A router or a link'),
  askedMbit: z.number(),
  measuredMbit: z.number().nullable().describe('Payload; of a router the most in one second, of a link the mean'),
  reached: z
    .boolean()
    .nullable()
    .describe('Whether traffic filled it, so that the capacity itself was measured and not only a bound of it'),
  firstSecondMbit: z
    .number()
    .optional()
    .describe('Payload in the second that begins with the change: the bucket, which is full then, is in it'),
  reason: z.string().optional().describe('Why it was not measured, where that is as it should be'),
});
export type HeldCapacity = z.infer<typeof heldCapacitySchema>;

/** What stood in the queue when the capacity changed leaves at the new rate; samples come four times a second. */
const SETTLE_MS = 500;
const SECOND_MS = 1000;
/** A fault counts as applied when the call has returned, and its rate has changed before. */
const APPLYING_MS = 1000;
/** The samples at both ends of a stretch are this far from it at the most. */
const SAMPLES_MS = 2 * 250;

/**
 * Capacities that faults set, as the traffic of the run shows them. Where several set one router's, the least is in
 * force, and each is judged in those stretches in which it was that.
 */
export function measureHeldCapacities(frame: Frame): readonly HeldCapacity[] {
  const windows = faultWindows(frame);
  const faults = frame.plan.phases.flatMap((phase) => phase.faults);
  return faults.flatMap((fault): HeldCapacity[] => {
    const { id, experience, targets } = fault;
    const askedMbit = experience?.capacityMbit ?? null;
    const window = windows.get(id);
    if (askedMbit === null || window === undefined) return [];
    if (targets.links.length > 0) {
      return frame.history
        .of('dose')
        .filter((one) => one.fault === id && one.bound === 'most')
        .map((one) => ({ fault: id, what: one.what, askedMbit, measuredMbit: one.measured, reached: null }));
    }
    return targets.routers.map((router) => {
      const least = whereLeast(fault, askedMbit, router, window, faults, windows);
      const first = firstSecond(frame, router, window);
      return {
        fault: id,
        what: router,
        askedMbit,
        ...measured(frame, router, window, least),
        ...(first === null ? {} : { firstSecondMbit: first }),
      };
    });
  });
}

/** The stretches of a fault's window in which no other fault gave the router less. */
function whereLeast(
  fault: PlanFault,
  askedMbit: number,
  router: string,
  window: Window,
  faults: readonly PlanFault[],
  windows: ReadonlyMap<string, Window>,
): Window[] {
  const others = faults.flatMap((other) => {
    const during = windows.get(other.id);
    const mbit = other.experience?.capacityMbit ?? null;
    const { links, routers } = other.targets;
    const isOfRouter = links.length === 0 && routers.includes(router);
    if (other.id === fault.id || mbit === null || during === undefined || !isOfRouter) return [];
    return overlap(during, window) ? [{ mbit, during }] : [];
  });
  const edges = others.flatMap(({ during }) => [during.startT, during.endT]);
  const cuts = [...new Set([window.startT, ...edges, window.endT])]
    .filter((t) => t >= window.startT && t <= window.endT)
    .sort((a, b) => a - b);
  return cuts.slice(1).flatMap((endT, i) => {
    const stretch = { startT: cuts[i] ?? endT, endT };
    return others.some(({ mbit, during }) => mbit < askedMbit && overlap(during, stretch)) ? [] : [stretch];
  });
}

function measured(
  frame: Frame,
  router: string,
  window: Window,
  least: readonly Window[],
): Pick<HeldCapacity, 'measuredMbit' | 'reached' | 'reason'> {
  const found = least.flatMap((stretch) => most(frame, router, stretch) ?? []);
  const highest = found.reduce<Found | null>((a, b) => (a === null || b.rate > a.rate ? b : a), null);
  if (highest !== null) return { measuredMbit: round(highest.rate, 3), reached: highest.full };
  const none = { measuredMbit: null, reached: null };
  if (frame.history.of('run.start')[0]?.shaping === 'toxiproxy') {
    return { ...none, reason: 'Toxiproxy’s rates have no queue that could be sampled' };
  }
  const longest = Math.max(0, ...least.map(({ startT, endT }) => endT - startT));
  if (longest >= SETTLE_MS + SECOND_MS + SAMPLES_MS) return none;
  const whole = window.endT - window.startT;
  const isLower = whole >= SETTLE_MS + SECOND_MS + SAMPLES_MS;
  return {
    ...none,
    reason: isLower ? 'another fault gave the router less at the same time' : 'in force too shortly to tell',
  };
}

/**
 * From the look at the queue right before its rate changed to the first sample a second later. `null`: it was not looked
 * at (so in records of older versions), its rate changed again, or the fault was shorter.
 */
function firstSecond(frame: Frame, router: string, { startT, endT }: Window): number | null {
  const records = frame.history.of('queue').filter((one) => one.source === router && one.t < endT);
  const at = records.findLastIndex((one) => one.reshaped === true && one.t <= startT && one.t > startT - APPLYING_MS);
  const changed = records[at];
  if (changed === undefined) return null;
  const last = records.findIndex((one) => one.t >= changed.t + SECOND_MS);
  const end = records[last];
  if (end === undefined || records.slice(at + 1, last + 1).some((one) => one.reshaped === true)) return null;
  const span = { startT: changed.t, endT: end.t };
  return mbit(payloadCounter(frame, router).in(span), span);
}

interface Found {
  readonly rate: number;
  /** The queue was never empty meanwhile. */
  readonly full: boolean;
}

/** Most payload in any second of a stretch. */
function most(frame: Frame, router: string, stretch: Window): Found | null {
  const records = frame.history
    .of('queue')
    .filter((one) => one.source === router && one.t >= stretch.startT + SETTLE_MS && one.t < stretch.endT);
  const counter = payloadCounter(frame, router);
  let found: Found | null = null;
  let end = 0;
  for (const [begin, first] of records.entries()) {
    while (end < records.length && (records[end]?.t ?? 0) < first.t + SECOND_MS) end += 1;
    const last = records[end];
    if (last === undefined) break;
    const span = { startT: first.t, endT: last.t };
    const rate = mbit(counter.in(span), span) ?? 0;
    if (found !== null && rate <= found.rate) continue;
    found = { rate, full: records.slice(begin, end + 1).every((one) => one.backlogBytes > 0) };
  }
  return found;
}
