import type {
  HistoryRecord,
  IoRecord,
  NodeRecord,
  RequestRecord,
  VolumeRecord,
} from '../../../harness/history/records.ts';
import type { Plan, Plane } from '../../../harness/scenario/plan.ts';

/** Records with the few fields a test is about, the rest plain. Times are ms of the history's clock. */

export const phase = (name: string, startT: number, endT: number): readonly HistoryRecord[] => [
  { kind: 'phase', source: 'harness', t: startT, phase: name, state: 'begin' },
  { kind: 'phase', source: 'harness', t: endT, phase: name, state: 'end' },
];

export const fault = (
  id: string,
  state: 'applying' | 'applied' | 'reverted' | 'failed',
  t: number,
  detail = '',
): HistoryRecord => ({
  kind: 'fault',
  source: 'harness',
  t,
  id,
  fault: 'misroute',
  state,
  detail,
});

export const triggerEnd = (routesRestoredAt: number, drainedAt: number): HistoryRecord => ({
  kind: 'trigger.end',
  source: 'harness',
  t: drainedAt,
  routesRestoredAt,
  backlogAtRestoreBytes: 1000,
  drainedAt,
});

export const volume = (
  id: string,
  event: VolumeRecord['event'],
  t: number,
  source: string,
  more: Partial<Pick<VolumeRecord, 'epoch' | 'role' | 'peer' | 'bytes' | 'attempts'>> = {},
): VolumeRecord => ({
  kind: 'volume',
  source,
  t,
  volume: id,
  event,
  epoch: more.epoch ?? 1,
  role: more.role ?? 'primary',
  peer: more.peer ?? null,
  attempts: more.attempts ?? null,
  bytes: more.bytes ?? null,
});

export const node = (source: string, t: number, more: Partial<NodeRecord> = {}): NodeRecord => ({
  kind: 'node',
  source,
  t,
  slotsTotal: 3,
  slotsFree: 1,
  slotsReserved: 0,
  mirrored: 1,
  degraded: 0,
  stuck: 0,
  searchAttempts: 0,
  searchAnswered: 0,
  searchRefused: 0,
  searchFailed: 0,
  searchQueueMaxMs: 0,
  closesPeak: 0,
  racyCloses: 0,
  copySentBytes: 0,
  copyReceivedBytes: 0,
  receivedBytes: { primary: 0, replication: 0 },
  interfaceBytes: { primary: 0, replication: 0 },
  silenceMaxMs: 250,
  lagP99Ms: 1,
  ...more,
});

export const crash = (source: string, t: number, closesInWindow: number, replicas = 2): HistoryRecord => ({
  kind: 'crash',
  source,
  t,
  closesInWindow,
  replicas,
});

export const exit = (source: string, t: number, exitCode: number): HistoryRecord => ({
  kind: 'exit',
  source,
  t,
  exitCode,
});

export const io = (source: string, t: number, ops: IoRecord['ops'], pending: IoRecord['pending'] = []): IoRecord => ({
  kind: 'io',
  source,
  t,
  ops,
  pending,
  receivedBytes: { primary: 0, replication: 0 },
  lagP99Ms: 1,
});

export const request = (
  zone: string,
  intended: number,
  ended: number | null,
  outcome: RequestRecord['outcome'] = 'ok',
): RequestRecord => ({
  kind: 'request',
  source: 'harness',
  t: ended ?? intended + 5000,
  zone,
  app: `${zone.slice(-1)}-app`,
  op: 'read',
  intended,
  ended,
  outcome,
  reason: outcome === 'ok' ? null : 'HTTP 503',
});

export const queue = (router: string, t: number, frameBytes: number, backlogBytes = 0, drops = 0): HistoryRecord => ({
  kind: 'queue',
  source: router,
  t,
  frameBytes,
  packets: Math.round(frameBytes / 1514),
  drops,
  backlogBytes,
});

export const host = (t: number, busyShare: number, lagP99Ms = 2): HistoryRecord => ({
  kind: 'host',
  source: 'harness',
  t,
  busyShare,
  stealShare: 0,
  lagP99Ms,
});

export const runStart = (t: number): HistoryRecord => ({
  kind: 'run.start',
  source: 'harness',
  t,
  runId: 'run-7',
  wallClock: '2026-11-22T20:00:00.000Z',
  zonestorm: '0.1.0',
  node: '24.21.0',
  engine: '20.10.24',
  kernel: '6.1.0',
  cpus: 2,
  images: { fixtures: 'zonestorm/fixtures' },
  shaping: 'kernel',
  shapingReason: null,
});

export const runEnd = (
  t: number,
  outcome: 'completed' | 'deadline' | 'interrupted' | 'broken' = 'completed',
  reason: string | null = null,
): HistoryRecord => ({ kind: 'run.end', source: 'harness', t, outcome, reason });

/** What each zone's gauge found before the storage started: every router as the plan has it. */
export const gaugePaths = (plan: Plan, t: number): readonly HistoryRecord[] =>
  plan.routers.map(({ zone, plane, capacityMbit }) => ({
    kind: 'gauge.path',
    source: `${zone.slice(-1)}-gauge`,
    t,
    plane,
    receivedMbit: capacityMbit * 0.99,
    rttP50Ms: 0.4,
    rttP99Ms: 1.1,
    connectMs: 0.9,
    drainMs: 5,
  }));

/** One ping in each record, which was answered. */
export const gauge = (source: string, plane: Plane, t: number): HistoryRecord => ({
  kind: 'gauge',
  source,
  t,
  plane,
  pings: [[t - 100, 0.5]],
  tried: [],
  closed: [],
  lagP99Ms: 2,
});

export const finalState = (t: number, problems: readonly string[] = []): HistoryRecord => ({
  kind: 'final-state',
  source: 'harness',
  t,
  problems,
});
