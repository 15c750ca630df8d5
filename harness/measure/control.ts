import { z } from 'zod';
import type { ControlRecord } from '../history/records.ts';
import { type ApiCalls, apiCallsSchema, measureApi } from './api.ts';
import { Counter } from './counter.ts';
import { type Frame, type Window, within } from './frame.ts';
import { type Operation, operationsSchema, summarise } from './operations.ts';
import { round, toSeconds } from './rounding.ts';

const nullable = z.number().nullable();

const poolSchema = z.strictObject({
  name: z.string(),
  workers: z.number(),
  busyPeak: z.number().describe('Most workers busy at once'),
  queuedPeak: z.number().describe('Most calls waiting, as sampled'),
  queueMaxSeconds: z.number().describe('Longest wait for a worker'),
  served: z.number(),
});

export const controlPlaneSchema = z.strictObject({
  reason: z.string().nullable().describe('Why nothing below was measured'),
  busyPeak: nullable.describe('Most workers busy at once, from the trigger’s begin on; all pools together'),
  queueMaxSeconds: nullable.describe('Longest wait for a worker'),
  queuedPeak: nullable.describe('Most calls waiting for a worker, as sampled'),
  storeMaxSeconds: nullable.describe('Longest operation of the store, its wait included'),
  served: nullable.describe('Calls on which a worker ended its work'),
  expired: nullable.describe('Of these: after the caller had given up, so in vain'),
  dropped: nullable.describe('Left alone because the caller had given up'),
  refused: nullable.describe('Refused because the queue was full'),
  operations: z
    .array(z.strictObject({ operation: z.string(), served: z.number(), expired: z.number() }))
    .describe('The same by operation, those of nodes and attachments included'),
  pools: z.array(poolSchema),
  api: z.array(apiCallsSchema).describe('What each zone’s users got of the API, by call'),
  nodeCalls: z
    .array(z.strictObject({ zone: z.string(), operation: z.string(), periods: z.array(operationsSchema) }))
    .describe('What each zone’s nodes got, by operation; `elections`: elect, promote and confirm together'),
});
export type ControlPlaneMeasurement = z.infer<typeof controlPlaneSchema>;

/** What decides over a volume; the other calls of nodes only ask. */
const ELECTIONS: ReadonlySet<string> = new Set(['elect', 'promote', 'confirm', 'yield']);

/** The control plane's workers since the trigger's begin, and what users and nodes got of it. */
export function measureControl(frame: Frame): ControlPlaneMeasurement {
  const records = frame.history.of('control').filter((record) => record.t < frame.measured.endT);
  const window = { startT: frame.touchedT, endT: frame.measured.endT };
  const callers = { api: [...measureApi(frame)] as ApiCalls[], nodeCalls: nodeCalls(frame) };
  const inWindow = records.filter((record) => within(window, record.t));
  if (inWindow.length === 0) return { ...NOTHING, reason: 'the control plane told nothing', ...callers };
  const most = (value: (record: ControlRecord) => number | undefined) =>
    inWindow.reduce((max, record) => Math.max(max, value(record) ?? 0), 0);
  const counted = (value: (record: ControlRecord) => number | undefined) =>
    records.every((record) => value(record) === undefined) ? null : increase(records, window, value);
  return {
    reason: null,
    busyPeak: most((record) => record.busyMax ?? record.busyWorkers),
    queueMaxSeconds: toSeconds(most((record) => record.queueMaxMs)),
    queuedPeak: most((record) => record.queued),
    storeMaxSeconds: inWindow.every(({ storeMaxMs }) => storeMaxMs === undefined)
      ? null
      : toSeconds(most((record) => record.storeMaxMs)),
    served: counted((record) => record.served),
    expired: counted((record) => record.expired),
    dropped: counted((record) => record.dropped),
    refused: counted((record) => record.refused),
    operations: operationsOf(records, window),
    pools: poolsOf(records, window),
    ...callers,
  };
}

const NOTHING = {
  busyPeak: null,
  queueMaxSeconds: null,
  queuedPeak: null,
  storeMaxSeconds: null,
  served: null,
  expired: null,
  dropped: null,
  refused: null,
  operations: [],
  pools: [],
};

function increase(
  records: readonly ControlRecord[],
  window: Window,
  value: (record: ControlRecord) => number | undefined,
): number {
  return Math.round(new Counter(records.map((record) => ({ t: record.t, value: value(record) ?? 0 }))).in(window));
}

function operationsOf(records: readonly ControlRecord[], window: Window): ControlPlaneMeasurement['operations'] {
  const names = new Set(records.flatMap((record) => (record.operations ?? []).map(([name]) => name)));
  return [...names].sort().map((operation) => {
    const of = (record: ControlRecord) => record.operations?.find(([name]) => name === operation);
    return {
      operation,
      served: increase(records, window, (record) => of(record)?.[1]),
      expired: increase(records, window, (record) => of(record)?.[2]),
    };
  });
}

function poolsOf(records: readonly ControlRecord[], window: Window): ControlPlaneMeasurement['pools'] {
  const names = new Set(records.flatMap((record) => (record.pools ?? []).map(({ name }) => name)));
  return [...names].map((name) => {
    const of = (record: ControlRecord) => record.pools?.find((pool) => pool.name === name);
    const inWindow = records.filter((record) => within(window, record.t)).flatMap((record) => of(record) ?? []);
    const most = (field: 'busyMax' | 'queued' | 'queueMaxMs') =>
      inWindow.reduce((max, pool) => Math.max(max, pool[field]), 0);
    return {
      name,
      workers: inWindow[0]?.workers ?? 0,
      busyPeak: most('busyMax'),
      queuedPeak: most('queued'),
      queueMaxSeconds: toSeconds(most('queueMaxMs')),
      served: increase(records, window, (record) => of(record)?.served),
    };
  });
}

function nodeCalls(frame: Frame): ControlPlaneMeasurement['nodeCalls'] {
  return frame.plan.zones.flatMap(({ id: zone }) => {
    const nodes = new Set(
      frame.plan.containers
        .filter((one) => (one.role === 'node' || one.role === 'spare') && one.zone === zone)
        .map((one) => one.id),
    );
    const calls = frame.history
      .of('node.calls')
      .filter((record) => nodes.has(record.source))
      .flatMap((record) => record.calls.map((call) => [call[0], operationOf(call, record.t)] as const));
    if (calls.length === 0) return [];
    const entry = (operation: string, isOf: (name: string) => boolean) => {
      const operations = calls.filter(([name]) => isOf(name)).map(([, call]) => call);
      return { zone, operation, periods: [...summarise(frame, operations)] };
    };
    const names = [...new Set(calls.map(([name]) => name))].sort();
    return [
      entry('elections', (name) => ELECTIONS.has(name)),
      ...names.map((name) => entry(name, (other) => other === name)),
    ];
  });
}

/** A node that stops closes its connection: what was on its way then has not finished. */
function operationOf(
  [, intended, ended, code]: readonly [string, number, number, string | null],
  seenUntilT: number,
): Operation {
  const base = { intended, ended, seenUntilT, reason: code };
  if (code === null) return { ...base, outcome: 'ok' };
  if (code === 'closed') return { ...base, ended: null, outcome: 'unfinished' };
  return { ...base, outcome: code === 'timeout' || code === 'disconnected' ? 'unknown' : 'failed' };
}

/** Workers busy and calls waiting, as the control plane told them twice a second. */
export const controlSeriesSchema = z.strictObject({
  at: z.array(z.number()),
  busy: z.array(z.number()),
  queued: z.array(z.number()),
  queueSeconds: z.array(z.number()).describe('Longest wait for a worker since the point before'),
});

export function controlSeries(frame: Frame): z.infer<typeof controlSeriesSchema> {
  const records = frame.history.of('control').filter((record) => within(frame.measured, record.t));
  return {
    at: records.map((record) => toSeconds(record.t - frame.zeroT)),
    busy: records.map((record) => record.busyMax ?? record.busyWorkers),
    queued: records.map((record) => record.queued),
    queueSeconds: records.map((record) => round(record.queueMaxMs / 1000, 2)),
  };
}
