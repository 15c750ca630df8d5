/**
 * The shape of a history's lines as zod checks it. It guards the measurement against a torn or foreign file; what a
 * field means is said once, in `records.ts`, and the two are kept equal by the compiler (see the end of this file).
 */
import { z } from 'zod';
import type { HistoryRecord } from './records.ts';

/** Milliseconds of a clock that starts with the machine: no machine runs for thirty years. */
const t = z.number().min(0).max(1e12);
const source = z.string();
const count = z.number().nonnegative();
const byPlane = z.object({ primary: count, replication: count });
const plane = z.enum(['primary', 'replication']);
const seen = {
  pings: z.array(z.tuple([t, count.nullable()])),
  tried: z.array(z.tuple([t, z.enum(['answered', 'refused', 'reset', 'closed', 'silent']), count])),
  closed: z.array(z.tuple([t, z.enum(['fin', 'rst'])])),
};
const op = z.enum(['read', 'write']);
const ioOp = z.enum(['read', 'write', 'flush']);
const outcome = z.enum(['ok', 'failed', 'unknown']);

const record = <K extends string, S extends z.ZodRawShape>(kind: K, shape: S) =>
  z.object({ t, source, kind: z.literal(kind), ...shape });

export const historySchema = z.discriminatedUnion('kind', [
  record('run.start', {
    runId: z.string(),
    wallClock: z.string(),
    zonestorm: z.string(),
    node: z.string(),
    engine: z.string(),
    engineStanding: z.enum(['ci', 'tried', 'unknown']).exactOptional(),
    kernel: z.string(),
    cpus: count,
    images: z.record(z.string(), z.string()),
    shaping: z.enum(['kernel', 'toxiproxy']),
    shapingReason: z.string().nullable(),
    records: count.exactOptional(),
  }),
  record('bypass', { from: z.array(z.string()), tried: count }),
  record('run.end', {
    outcome: z.enum(['completed', 'deadline', 'interrupted', 'broken']),
    reason: z.string().nullable(),
  }),
  record('phase', { phase: z.string(), state: z.enum(['begin', 'end']) }),
  record('fault', {
    id: z.string(),
    fault: z.string(),
    state: z.enum(['applying', 'applied', 'reverting', 'reverted', 'failed', 'skipped', 'slipped', 'unread']),
    detail: z.string(),
  }),
  record('action', {
    id: z.string(),
    action: z.string(),
    zone: z.string(),
    by: z.enum(['schedule', 'terminal']),
    state: z.enum(['asked', 'done', 'failed', 'skipped']),
    detail: z.string(),
    readBack: z.string().nullable(),
  }),
  record('router.replaced', { reason: z.string() }),
  record('final-state', { problems: z.array(z.string()) }),
  record('exit', { exitCode: z.int() }),
  record('queue', {
    frameBytes: count,
    packets: count,
    drops: count,
    backlogBytes: count,
    reshaped: z.literal(true).optional(),
  }),
  record('trigger.end', {
    fault: z.string().optional(),
    routesRestoredAt: t,
    backlogAtRestoreBytes: count,
    drainedAt: t,
  }),
  // The kernel's idle times may step back a little, which makes a share of them negative by as little.
  record('host', { busyShare: z.number(), stealShare: z.number(), lagP99Ms: count }),
  record('request', {
    zone: z.string(),
    app: z.string(),
    op,
    intended: t,
    ended: t.nullable(),
    outcome,
    reason: z.string().nullable(),
  }),
  record('dose', {
    fault: z.string(),
    what: z.string(),
    unit: z.string(),
    asked: z.number().nullable(),
    measured: z.number().nullable(),
    bound: z.enum(['equal', 'most']),
    spread: count.optional(),
    note: z.string().optional(),
  }),
  record('witness', { link: z.string(), ...seen }),
  record('witness.echo', {}),
  record('links', { bytes: z.array(z.tuple([z.string(), count])) }),
  record('misfit', { count, reason: z.string(), example: z.string() }),
  record('gauge.path', {
    plane,
    receivedMbit: count,
    rttP50Ms: count,
    rttP99Ms: count,
    connectMs: count,
    drainMs: count,
  }),
  record('gauge', { plane, ...seen, lagP99Ms: count }),
  record('operated', {
    id: z.string(),
    problem: z.string().nullable(),
    state: z.record(z.string(), z.union([z.string(), z.number()])),
  }),
  record('ready', { program: z.string(), bootId: z.string() }),
  record('detector', { peer: z.string(), state: z.enum(['lost', 'heard']), silenceMs: count }),
  record('volume', {
    volume: z.string(),
    epoch: count,
    event: z.enum([
      'partner-lost',
      'promoted',
      'searching',
      'reserved',
      'elected',
      'copied',
      'confirmed',
      'reattached',
      'restored',
      'superseded',
      'released',
    ]),
    role: z.enum(['primary', 'mirror']),
    peer: z.string().nullable(),
    attempts: count.nullable(),
    bytes: count.nullable(),
    disk: z.literal(true).exactOptional(),
  }),
  record('node', {
    slotsTotal: count,
    slotsFree: count,
    slotsReserved: count,
    mirrored: count,
    degraded: count,
    stuck: count,
    searchAttempts: count,
    searchAnswered: count,
    searchRefused: count,
    searchFailed: count,
    searchQueueMaxMs: count,
    // Histories from before the race was modelled have neither.
    closesPeak: count.default(0),
    racyCloses: count.default(0),
    copySentBytes: count,
    copyReceivedBytes: count,
    receivedBytes: byPlane,
    interfaceBytes: byPlane,
    silenceMaxMs: count,
    lagP99Ms: count,
  }),
  record('crash', { closesInWindow: count, replicas: count }),
  record('io', {
    ops: z.array(z.tuple([z.string(), ioOp, t, t, outcome, z.string().nullable()])),
    pending: z.array(z.tuple([z.string(), t])),
    receivedBytes: byPlane,
    lagP99Ms: count,
  }),
  record('io.unfinished', { ops: z.array(z.tuple([z.string(), ioOp, t])) }),
  record('ledger', {
    volume: z.string(),
    extentBytes: count,
    extents: z.array(z.tuple([count, count], count)),
    acknowledgedAt: z.array(t.nullable()).exactOptional(),
    acknowledged: count,
  }),
  record('election', {
    volume: z.string(),
    epoch: count,
    event: z.enum(['created', 'elected', 'promoted', 'confirmed', 'restored']),
    primary: z.string(),
    mirror: z.string().nullable(),
    joining: z.string().nullable(),
  }),
  record('snapshot', {
    event: z.enum(['taken', 'deleted', 'damaged', 'restored']),
    snapshot: z.string(),
    volume: z.string(),
    epoch: count,
    node: z.string(),
    role: z.enum(['primary', 'mirror']),
    bytes: count,
    isPrecaution: z.boolean(),
    into: z.string().nullable(),
    extents: z.array(z.tuple([count, count, count, count])).exactOptional(),
  }),
  record('control', {
    busyWorkers: count,
    queued: count,
    queueMaxMs: count,
    served: count,
    busyMax: count.exactOptional(),
    expired: count.exactOptional(),
    dropped: count.exactOptional(),
    refused: count.exactOptional(),
    storeMaxMs: count.exactOptional(),
    operations: z.array(z.tuple([z.string(), count, count])).exactOptional(),
    pools: z
      .array(
        z.object({
          name: z.string(),
          workers: count,
          busy: count,
          busyMax: count,
          queued: count,
          queueMaxMs: count,
          served: count,
        }),
      )
      .exactOptional(),
    lagP99Ms: count,
  }),
  record('api', {
    zone: z.string(),
    calls: z.array(z.tuple([z.string(), t, t, outcome, z.string().nullable()])),
    inFlight: count,
    receivedBytes: byPlane,
    lagP99Ms: count,
  }),
  record('api.unfinished', { zone: z.string(), calls: z.array(z.tuple([z.string(), t])) }),
  record('databases', {
    zone: z.string(),
    transactions: z.array(z.tuple([z.string(), t, t, outcome, z.string().nullable()])),
    pending: z.array(z.tuple([z.string(), t])),
    receivedBytes: byPlane,
    lagP99Ms: count,
  }),
  record('databases.unfinished', { zone: z.string(), transactions: z.array(z.tuple([z.string(), t])) }),
  record('database.ledger', {
    database: z.string(),
    acknowledged: z.array(z.tuple([count, count])),
    lastBegun: count,
    begun: z.array(z.tuple([count, count])).exactOptional(),
  }),
  record('database.content', {
    database: z.string(),
    copy: z.enum(['primaries', 'mirrors']),
    nodes: z.array(z.string()),
    transfers: z.array(z.tuple([count, count])),
    problem: z.string().nullable(),
  }),
  record('multiZone', {
    transactions: z.array(z.tuple([z.string(), t, t, outcome, z.string().nullable()])),
    pending: z.array(z.tuple([z.string(), t])),
    receivedBytes: byPlane,
    lagP99Ms: count,
  }),
  record('multiZone.event', {
    database: z.string(),
    event: z.enum(['parted', 'alone', 'rejoined', 'fenced', 'hung', 'refused', 'fencing', 'promoted', 'recovered']),
    reason: z.string().nullable(),
  }),
  record('multiZone.unfinished', { transactions: z.array(z.tuple([z.string(), t])) }),
  record('multiZone.ledger', {
    database: z.string(),
    acknowledged: z.array(z.tuple([count, count])),
    lastBegun: count,
    begun: z.array(z.tuple([count, count])).exactOptional(),
    served: z.array(z.object({ instance: z.string(), epoch: count, count, firstT: t, lastT: t })),
  }),
  record('node.calls', { calls: z.array(z.tuple([z.string(), t, t, z.string().nullable()])) }),
  record('app', { requests: count, inFlight: count, receivedBytes: byPlane, lagP99Ms: count }),
  record('replica', {
    node: z.string(),
    volume: z.string(),
    slot: count,
    epoch: count,
    extentBytes: count,
    extents: z.array(z.tuple([count, count, count, count])),
  }),
  record('membership', {
    volume: z.string(),
    epoch: count,
    primary: z.string(),
    mirror: z.string().nullable(),
    joining: z.string().nullable(),
  }),
  record('disk', { path: z.string(), files: count }),
  record('unread', { what: z.string(), why: z.string() }),
  record('reader', {
    disks: z.array(z.string()),
    exitCode: z.int().nullable(),
    reason: z.string().nullable(),
    tornLines: count,
    example: z.string().nullable(),
  }),
]);

// A record the schema accepts is a HistoryRecord, and every HistoryRecord is one the schema accepts.
type Accepted = z.infer<typeof historySchema>;
true satisfies Accepted extends HistoryRecord ? true : false;
true satisfies HistoryRecord['kind'] extends Accepted['kind'] ? true : false;
