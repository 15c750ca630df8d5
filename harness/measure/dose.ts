import { z } from 'zod';
import { BESIDE_THE_QUEUE, type DoseRecord, type FaultRecord } from '../history/records.ts';
import { type Counter, countersOf, sumIn } from './counter.ts';
import { faultZones } from './fault-zones.ts';
import type { Frame, Window } from './frame.ts';
import { mbit, PAYLOAD_OF_FRAME, payloadCounter, routerOf } from './queues.ts';
import { round } from './rounding.ts';
import { nodeRecords } from './search.ts';

export const doseSchema = z.strictObject({
  faults: z.array(
    z.strictObject({
      id: z.string(),
      kind: z.string(),
      applied: z.boolean(),
      reverted: z.boolean(),
      failure: z.string().nullable().describe('What the fault said when it could not be applied or reverted'),
    }),
  ),
  zones: z
    .array(z.string())
    .optional()
    .describe(
      'Zones that a fault is aimed at, be it at a router or a container there, or at a link through a router there',
    ),
  skipped: z
    .array(
      z.strictObject({
        id: z.string(),
        phase: z.string(),
        fixed: z.boolean().describe('The phase has a length and no condition, so that the fault’s time was in it'),
      }),
    )
    .optional()
    .describe('Faults that were planned, and whose phase ended first'),
  measurements: z
    .array(
      z.strictObject({
        fault: z.string(),
        what: z.string(),
        unit: z.string(),
        asked: z.number().nullable(),
        measured: z.number().nullable(),
        deviation: z.number().nullable().describe('measured ÷ asked − 1'),
        allowed: z
          .number()
          .optional()
          .describe('Of a begin and a length: how much measured and asked may differ, in the same unit'),
        note: z.string().optional().describe('Why it is as it is, where that is known'),
      }),
    )
    .describe('When each fault began in its phase and how long it was in force; what else was measured of it'),
  misroute: z
    .strictObject({
      seconds: z
        .number()
        .describe('From applied until the routes were read back as restored; of several misroutes the longest'),
      misroutedBytes: z.number().nullable().describe('Payload that left the replication router’s queue meanwhile'),
      baselineBytes: z.number().nullable().describe('What crosses it in as long a time without the fault'),
      queueMbit: z.number().nullable().describe('Payload through the queue, by the queue’s own counter'),
      receivedMbit: z
        .number()
        .nullable()
        .describe('The same at the nodes: what their network interfaces took, as payload'),
      receivedOverQueue: z.number().nullable().describe('The nodes’ rate ÷ the queue’s: 1 if all was misrouted'),
      excessBytes: z
        .number()
        .nullable()
        .describe('Of a misroute too short for that: payload through the queue beyond its baseline, drain included'),
      expectedBytes: z
        .number()
        .nullable()
        .describe('What the misrouted nodes received on the primary plane in as long before, or the capacity if less'),
      restored: z.boolean().describe('Routes read back as restored, and the queue’s backlog of then sent'),
      reason: z.string().nullable(),
    })
    .nullable()
    .describe('`null`: the plan has no misroute'),
});
export type Dose = z.infer<typeof doseSchema>;

/** What was done to the network: as asked for, and as bytes and probes on the path show it. */
export function measureDose(frame: Frame): Dose {
  const records = frame.history.of('fault');
  return {
    faults: frame.trigger.faults.map(({ id, kind }) => {
      const own = records.filter((record) => record.id === id);
      return {
        id,
        kind,
        applied: own.some((record) => record.state === 'applied'),
        reverted: own.some((record) => record.state === 'reverted'),
        failure: own.find((record) => record.state === 'failed')?.detail ?? null,
      };
    }),
    zones: [...faultZones(frame.plan, frame.trigger.faults)],
    ...skippedOf(frame),
    measurements: equalDoses(frame).map((dose) => {
      const { fault, what, unit, asked, measured, note } = dose;
      const allowed = allowedOf(dose);
      return {
        ...{ fault, what, unit, asked, measured },
        deviation: asked === null || measured === null || asked === 0 ? null : round(measured / asked - 1, 4),
        ...(allowed === null ? {} : { allowed: round(allowed, 4) }),
        ...(note === undefined ? {} : { note }),
      };
    }),
    misroute: measureMisroute(frame),
  };
}

/** Nothing where none was skipped. */
function skippedOf({ plan, trigger }: Frame): Pick<Dose, 'skipped'> {
  const ids = new Set(trigger.skipped.map(({ id }) => id));
  if (ids.size === 0) return {};
  const skipped = plan.phases.flatMap(({ name, until, faults }) =>
    faults.filter(({ id }) => ids.has(id)).map(({ id }) => ({ id, phase: name, fixed: until === null })),
  );
  return { skipped };
}

/** How much later or sooner than asked a fault may begin, s. */
const BEGIN_TOLERANCE = 0.25;
/** How much longer or shorter it may be in force: a share, or so many seconds and what lies between its targets. */
const LENGTH_TOLERANCE = { share: 0.1, seconds: 0.05 } as const;

/** `null`: it is no time. */
function allowedOf({ what, unit, asked, spread = 0 }: DoseRecord): number | null {
  if (unit !== 's') return null;
  if (what === 'begin') return BEGIN_TOLERANCE;
  // Targets may lie no further apart than a begin may be off, or the last would be excused for being no target at all.
  const seconds = LENGTH_TOLERANCE.seconds + Math.min(spread, BEGIN_TOLERANCE);
  return what === 'length' ? Math.max(LENGTH_TOLERANCE.share * (asked ?? 0), seconds) : null;
}

/** Bounds, which traffic need not reach, are told with the fabric. */
const equalDoses = (frame: Frame) => frame.history.of('dose').filter(({ bound }) => bound === 'equal');

function measureMisroute(frame: Frame): Dose['misroute'] {
  const misroute = longestMisroute(frame);
  if (misroute === null) return null;
  const { window } = misroute;
  const seconds = round((window.endT - window.startT) / 1000, 3);
  const restored = misroute.drainedT !== null;
  const unknown = {
    misroutedBytes: null,
    baselineBytes: null,
    queueMbit: null,
    excessBytes: null,
    expectedBytes: null,
  };
  const none = { seconds, restored, ...unknown, receivedMbit: null, receivedOverQueue: null };
  const router = routerOf(frame, 'replication');
  if (router === undefined) return { ...none, reason: 'the zone has no replication router' };
  if (window.endT <= window.startT) return { ...none, reason: frame.trigger.startReason ?? frame.trigger.endReason };
  const queue = payloadCounter(frame, router.id);
  const before = { startT: frame.measured.startT, endT: frame.touchedT };
  const misrouted = new Set(misroute.nodes);
  const received = receivedOver(frame, misroute.ids, misrouted, window);
  const excess = received === null ? excessOver(frame, misroute, queue, router.capacityMbit) : null;
  const queueMbit = received === null ? null : mbit(queue.in(received.window), received.window);
  const perMs = before.endT > before.startT ? queue.in(before) / (before.endT - before.startT) : null;
  return {
    seconds,
    restored,
    misroutedBytes: Math.round(queue.in(window)),
    baselineBytes: perMs === null ? null : Math.round(perMs * (window.endT - window.startT)),
    queueMbit,
    receivedMbit: received === null ? null : round(received.mbit, 3),
    receivedOverQueue:
      received === null || queueMbit === null || queueMbit === 0 ? null : round(received.mbit / queueMbit, 3),
    excessBytes: excess?.bytes ?? null,
    expectedBytes: excess?.expectedBytes ?? null,
    reason: received === null ? 'the misroute is too short for two stats records of every misrouted node' : null,
  };
}

interface MisrouteInForce {
  /** From applied until the routes were read back as restored; empty when either is not known. */
  readonly window: Window;
  /** When what stood in the queue at the restoration had left it. */
  readonly drainedT: number | null;
  readonly nodes: readonly string[];
  /** Of all that were in force beside it, and its own. */
  readonly ids: ReadonlySet<string>;
}

/** Of several misroutes the one that was longest in force, with the nodes of all that were in force beside it. */
function longestMisroute({ trigger, history, zeroT }: Frame): MisrouteInForce | null {
  const misroutes = trigger.faults.filter((fault) => fault.kind === 'misroute');
  if (misroutes.length === 0) return null;
  const records = history.of('fault');
  const at = (id: string, state: FaultRecord['state']) =>
    records.find((record) => record.id === id && record.state === state)?.t;
  const spans = misroutes.map((fault) => {
    const startT = at(fault.id, 'applied') ?? zeroT;
    return { fault, startT, endT: at(fault.id, 'reverted') ?? startT };
  });
  const longest = spans.reduce((a, b) => (b.endT - b.startT > a.endT - a.startT ? b : a));
  const beside = spans.filter(({ startT, endT }) => startT < longest.endT && endT > longest.startT);
  const together = beside.length === 0 ? [longest] : beside;
  const nodes = together.flatMap(({ fault }) => fault.targets.containers);
  const ids = new Set(together.map(({ fault }) => fault.id));
  const proof = history
    .of('trigger.end')
    .findLast(({ fault, routesRestoredAt }) =>
      fault === undefined
        ? routesRestoredAt >= longest.startT && routesRestoredAt <= longest.endT
        : fault === longest.fault.id,
    );
  const window = { startT: longest.startT, endT: proof?.routesRestoredAt ?? longest.startT };
  return { window, drainedT: proof?.drainedAt ?? null, nodes, ids };
}

/**
 * Rate at which the nodes' network interfaces took bytes over the misrouted path, as payload: what the misrouted
 * nodes received on the primary plane, and what all nodes received on the replication plane. Interfaces and not
 * sockets, since a round-trip time that jumps makes TCP send much of it twice. All in one window, as who receives how
 * much changes from one half second to the next: the one in which each misrouted node has a record before and after,
 * since what it received on the primary plane outside of the misroute came another way. Without what passed beside the
 * queue, which is bare acknowledgements: where messages are small they are a sixth of what nodes receive.
 */
function receivedOver(
  frame: Frame,
  ids: ReadonlySet<string>,
  misrouted: ReadonlySet<string>,
  whole: Window,
): { readonly mbit: number; readonly window: Window } | null {
  const records = nodeRecords(frame);
  const primary = countersOf(records, (record) => record.interfaceBytes.primary);
  const replication = countersOf(records, (record) => record.interfaceBytes.replication);
  let window = whole;
  for (const id of misrouted) {
    const exact = primary.get(id)?.exactWindow(whole) ?? null;
    if (exact === null) return null;
    window = { startT: Math.max(window.startT, exact.startT), endT: Math.min(window.endT, exact.endT) };
  }
  const diverted = [...misrouted].flatMap((id) => primary.get(id) ?? []);
  const native = frame.nodes.flatMap(({ id }) => replication.get(id) ?? []);
  const rate = mbit(sumIn([...diverted, ...native], window) * PAYLOAD_OF_FRAME, window);
  return rate === null ? null : { mbit: Math.max(0, rate - besideMbit(frame, ids)), window };
}

/** Payload's share of what left the router beside its queue; 0 where nobody counted it, as in older histories. */
function besideMbit(frame: Frame, ids: ReadonlySet<string>): number {
  const told = frame.history.of('dose').filter(({ fault, what }) => what === BESIDE_THE_QUEUE && ids.has(fault));
  return Math.max(0, ...told.map(({ measured }) => (measured ?? 0) * PAYLOAD_OF_FRAME));
}

/** Room around a short misroute for the samples nearest to it, ms: queues are sampled more often than this. */
const SAMPLE_MS = 500;

/**
 * A misroute shorter than the nodes' stats interval still leaves its bytes in the queue's counter: what left it
 * beyond the baseline's rate until the drain ended, against what the misrouted nodes usually receive in such a time.
 */
function excessOver(
  frame: Frame,
  { window, drainedT, nodes: misrouted }: MisrouteInForce,
  queue: Counter,
  capacityMbit: number,
): { readonly bytes: number; readonly expectedBytes: number } | null {
  const { measured, touchedT } = frame;
  const { startT, endT } = window;
  const before = { startT: measured.startT, endT: touchedT - SAMPLE_MS };
  if (drainedT === null) return null;
  const around = { startT: startT - SAMPLE_MS, endT: drainedT + SAMPLE_MS };
  const usual = ratePerMs(queue, before) * (around.endT - around.startT);
  const primary = countersOf(nodeRecords(frame), (record) => record.interfaceBytes.primary * PAYLOAD_OF_FRAME);
  const nodes = [...primary].filter(([id]) => misrouted.includes(id));
  const wouldReceive = nodes.reduce((sum, [, counter]) => sum + ratePerMs(counter, before), 0) * (endT - startT);
  const couldPass = (capacityMbit * 1000 * (drainedT - startT)) / 8;
  return {
    bytes: Math.round(queue.in(around) - usual),
    expectedBytes: Math.round(Math.min(wouldReceive, couldPass)),
  };
}

/** Between the counter's own samples inside the window; 0 when it has none, which leaves nothing proved. */
function ratePerMs(counter: Counter, window: Window): number {
  const exact = counter.exactWindow(window);
  return exact === null ? 0 : counter.in(exact) / (exact.endT - exact.startT);
}
