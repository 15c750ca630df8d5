import { z } from 'zod';
import type { Role } from '../scenario/plan.ts';
import { atSeconds, type Frame, type Window, within } from './frame.ts';
import { outagesOf } from './outages.ts';
import { round, toSeconds, toShare } from './rounding.ts';
import { silencedWindows, without } from './silenced.ts';

/** An event loop that runs later than this cannot time what it observes, ms. */
export const LATE_MS = 50;

const lagSchema = z.strictObject({
  who: z.string().describe('All containers of a kind together, or one of several: then its id'),
  samples: z.number().describe('Those that count'),
  p99Ms: z.number().nullable().describe('Nearest-rank p99 of the p99s that were told each half second'),
  maxMs: z.number().nullable(),
  excused: z.number().optional().describe('Samples that do not count, as a fault held their container up meanwhile'),
  lateShare: z
    .number()
    .nullable()
    .optional()
    .describe('Of one container: the part of its time in which it was 50 ms late or more, at least'),
});

export const machineSchema = z.strictObject({
  cpuSamples: z.number(),
  cpuMedianShare: z.number().nullable().describe('Of all CPUs, steal counted as busy, from the trigger’s begin on'),
  cpuP95Share: z.number().nullable(),
  stealMaxShare: z.number().nullable(),
  lag: z.array(lagSchema).describe('How late event loops ran: late ones measure too long'),
  silent: z
    .array(z.strictObject({ container: z.string(), seconds: z.number(), atSeconds: z.number() }))
    .describe(
      'Containers and routers without a record for longer than 2 s in which no fault silenced them, without crashed nodes',
    ),
});
export type Machine = z.infer<typeof machineSchema>;

/** Longest time between two stats records of one container, ms. They come twice a second. */
const SILENCE_MS = 2000;

/** Whether the machine could carry the run, over `storm`: a saturated one measures itself. */
export function measureMachine(frame: Frame, storm: Window): Machine {
  const hosts = frame.history.of('host').filter((record) => within(storm, record.t));
  const busy = hosts.map((record) => record.busyShare).sort((a, b) => a - b);
  return {
    cpuSamples: hosts.length,
    cpuMedianShare: nearestRank(busy, 0.5, 4),
    cpuP95Share: nearestRank(busy, 0.95, 4),
    stealMaxShare: hosts.length === 0 ? null : toShare(Math.max(...hosts.map((record) => record.stealShare))),
    lag: lags(frame, storm),
    silent: silences(frame),
  };
}

/** Kinds in the order in which they are told. */
const KINDS = [
  ['instances', 'io'],
  ['applications', 'app'],
  ['users of the API', 'api'],
  ['databases', 'databases'],
  ['multi-zone databases', 'multiZone'],
  ['nodes', 'node'],
  ['control plane', 'control'],
] as const;
/** Told of in every run, whether there are some or not. */
const ALWAYS_TOLD: readonly string[] = ['io', 'app', 'node', 'control'];

interface LagSample {
  readonly ms: number;
  /** Over how long a time, ms. */
  readonly forMs: number;
  readonly excused: boolean;
}

/**
 * Of all containers of a kind, and of each where there are several: one that always is late would hide among others.
 * What a fault does to its own container is no lag of the machine's, and does not count.
 */
function lags(frame: Frame, storm: Window): Machine['lag'] {
  const silenced = silencedWindows(frame);
  const hosts = frame.history.of('host').filter(({ t }) => within(storm, t));
  const ofHost = hosts.map(({ lagP99Ms: ms }) => ({ ms, forMs: 0, excused: false }));
  return [
    lagOf('load client and observer', ofHost),
    ...KINDS.flatMap(([what, kind]) => {
      const containers = frame.plan.containers.filter(({ role }) => STATS_OF[role] === kind);
      if (containers.length === 0 && !ALWAYS_TOLD.includes(kind)) return [];
      const records = frame.history.bySource(kind);
      const each = containers.map(
        ({ id }) => [id, samplesOf(records.get(id) ?? [], silenced.get(id) ?? [], storm)] as const,
      );
      const told = each.filter(([, samples]) => samples.length > 0);
      const all = lagOf(
        what,
        told.flatMap(([, samples]) => samples),
      );
      return [
        all,
        ...(told.length < 2 ? [] : told.map(([id, samples]) => ({ ...lagOf(id, samples), ...late(samples) }))),
      ];
    }),
  ];
}

function samplesOf(
  records: readonly { readonly t: number; readonly lagP99Ms: number }[],
  silenced: readonly Window[],
  storm: Window,
): readonly LagSample[] {
  return records.flatMap(({ t, lagP99Ms: ms }, i) => {
    if (!within(storm, t)) return [];
    const sinceT = records[i - 1]?.t ?? t;
    // The record that a thaw lets out may come before the timer that measures lag, so that the next one tells of what
    // the thaw has ended: a sample is of as long before the last record as it was late.
    const excused = silenced.some((window) => sinceT - ms < window.endT && t > window.startT);
    return [{ ms, forMs: t - sinceT, excused }];
  });
}

function lagOf(who: string, samples: readonly LagSample[]): Machine['lag'][number] {
  const counted = samples.filter(({ excused }) => !excused);
  const sorted = counted.map(({ ms }) => ms).sort((a, b) => a - b);
  const excused = samples.length - counted.length;
  return {
    who,
    samples: sorted.length,
    p99Ms: nearestRank(sorted, 0.99, 1),
    maxMs: nearestRank(sorted, 1, 1),
    ...(excused === 0 ? {} : { excused }),
  };
}

/** At least: each sample tells of one delay, the longest of its time. */
function late(samples: readonly LagSample[]): Pick<Machine['lag'][number], 'lateShare'> {
  const counted = samples.filter(({ excused }) => !excused);
  const allMs = counted.reduce((sum, { forMs }) => sum + forMs, 0);
  const lateMs = counted.reduce((sum, { ms }) => sum + (ms >= LATE_MS ? ms : 0), 0);
  return { lateShare: allMs === 0 ? null : toShare(Math.min(1, lateMs / allMs)) };
}

function nearestRank(sorted: readonly number[], share: number, digits: number): number | null {
  const value = sorted[Math.ceil(share * sorted.length - 1e-9) - 1];
  return value === undefined ? null : round(value, digits);
}

const STATS_OF = {
  node: 'node',
  spare: 'node',
  instances: 'io',
  app: 'app',
  users: 'api',
  databases: 'databases',
  'database-primary': 'multiZone',
  'database-standbys': 'multiZone',
  'failover-agent': 'multiZone',
  'database-clients': 'multiZone',
  'control-plane': 'control',
  gauge: 'gauge',
} as const satisfies Record<Role, string>;

function silences(frame: Frame): Machine['silent'] {
  const silenced = silencedWindows(frame);
  const outages = outagesOf(frame);
  const expected = [
    ...frame.plan.containers
      .filter((container) => container.role !== 'spare')
      .map((container) => ({ source: container.id, kind: STATS_OF[container.role] })),
    // Where Toxiproxy shapes, a router has no queue to sample.
    ...(frame.history.of('run.start')[0]?.shaping === 'toxiproxy' ? [] : frame.plan.routers).map((router) => ({
      source: router.id,
      kind: 'queue' as const,
    })),
    { source: 'harness', kind: 'host' as const },
  ];
  return expected.flatMap(({ source, kind }) => {
    const times = (frame.history.bySource(kind).get(source) ?? []).map((record) => record.t);
    // Of a node that crashed nothing is expected afterwards, and it is no fault of the machine's.
    const crashT = outages.find(({ node }) => node === source)?.startT ?? Number.POSITIVE_INFINITY;
    const expectedIn = { ...frame.measured, endT: Math.min(frame.measured.endT, crashT) };
    const gaps = without(expectedIn, silenced.get(source) ?? []).map((window) => longestGap(times, window));
    const gap = gaps.reduce((longest, one) => (one.ms > longest.ms ? one : longest), { ms: 0, fromT: 0 });
    if (gap.ms <= SILENCE_MS) return [];
    return [{ container: source, seconds: toSeconds(gap.ms), atSeconds: atSeconds(frame, gap.fromT) }];
  });
}

function longestGap(times: readonly number[], window: Window): { readonly ms: number; readonly fromT: number } {
  let longest = { ms: 0, fromT: window.startT };
  let previous = window.startT;
  for (const t of [...times.filter((time) => within(window, time)), window.endT]) {
    if (t - previous > longest.ms) longest = { ms: t - previous, fromT: previous };
    previous = t;
  }
  return longest;
}
