import { z } from 'zod';
import type { Role } from '../scenario/plan.ts';
import { atSeconds, type Frame, type Window, within } from './frame.ts';
import { outagesOf } from './outages.ts';
import { round, toSeconds, toShare } from './rounding.ts';

const lagSchema = z.strictObject({
  who: z.string(),
  samples: z.number(),
  p99Ms: z.number().nullable().describe('Nearest-rank p99 of the p99s that were told each half second'),
  maxMs: z.number().nullable(),
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
      'Containers and routers without a record for longer than 2 s that no fault silenced, without crashed nodes',
    ),
});
export type Machine = z.infer<typeof machineSchema>;

/** Longest time between two stats records of one container, ms. They come twice a second. */
const SILENCE_MS = 2000;

/** Whether the machine could carry the run, over `storm`: a saturated one measures itself. */
export function measureMachine(frame: Frame, storm: Window): Machine {
  const hosts = frame.history.of('host').filter((record) => within(storm, record.t));
  const busy = hosts.map((record) => record.busyShare).sort((a, b) => a - b);
  const lagOf = (who: string, kind: 'node' | 'io' | 'app' | 'api' | 'databases' | 'multiZone' | 'control' | 'host') => {
    const lags = frame.history.of(kind).filter((record) => within(storm, record.t));
    const sorted = lags.map((record) => record.lagP99Ms).sort((a, b) => a - b);
    return { who, samples: sorted.length, p99Ms: nearestRank(sorted, 0.99, 1), maxMs: nearestRank(sorted, 1, 1) };
  };
  return {
    cpuSamples: hosts.length,
    cpuMedianShare: nearestRank(busy, 0.5, 4),
    cpuP95Share: nearestRank(busy, 0.95, 4),
    stealMaxShare: hosts.length === 0 ? null : toShare(Math.max(...hosts.map((record) => record.stealShare))),
    lag: [
      lagOf('load client and observer', 'host'),
      lagOf('instances', 'io'),
      lagOf('applications', 'app'),
      ...(frame.plan.containers.some(({ role }) => role === 'users') ? [lagOf('users of the API', 'api')] : []),
      ...(frame.plan.databases.length > 0 ? [lagOf('databases', 'databases')] : []),
      ...(frame.plan.multiZoneDatabases.length > 0 ? [lagOf('multi-zone databases', 'multiZone')] : []),
      lagOf('nodes', 'node'),
      lagOf('control plane', 'control'),
    ],
    silent: silences(frame),
  };
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
  const silenced = new Set(frame.trigger.faults.flatMap((fault) => fault.silences));
  const outages = outagesOf(frame);
  const expected = [
    ...frame.plan.containers
      .filter((container) => !silenced.has(container.id) && container.role !== 'spare')
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
    const gap = longestGap(times, { ...frame.measured, endT: Math.min(frame.measured.endT, crashT) });
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
