import type { Lab } from '../../harness/lab/lab.ts';
import type { Plan } from '../../harness/scenario/plan.ts';
import { type ContainerSet, describeSet, renamed } from '../lab/container-set.ts';
import type { Engine } from '../lab/open-engine.ts';
import { newRunId, planOf, startLab } from '../lab/start-lab.ts';
import { composeTool, startWithCompose, stopWithCompose } from '../lab/with-compose.ts';
import { removeByLabel, startWithDockerode } from '../lab/with-dockerode.ts';
import { type CpuShares, watchCpu } from '../machine.ts';
import { digits, median } from '../numbers.ts';
import type { BenchmarkOptions } from './benchmark.ts';

/**
 * - `lab`: `Lab.start` and its disposal.
 * - `dockerode`: the same networks, volumes and containers by the engine's API alone, six at a time.
 * - `compose`: the same by Debian's docker-compose; the start of its interpreter is part of it, as for whoever uses it.
 */
export const ARMS = ['lab', 'dockerode', 'compose'] as const;
export type StartArm = (typeof ARMS)[number];

export interface StartupRound {
  readonly containers: number;
  readonly round: number;
  readonly arm: StartArm;
  /** Until every container that prints a ready line has printed it, ms. */
  readonly startMs: number;
  /** Until containers, networks and volumes are gone, ms. */
  readonly stopMs: number;
  readonly cpu: CpuShares;
}

export interface StartupSummary {
  readonly containers: number;
  readonly networks: number;
  readonly volumes: number;
  readonly medianStartMs: Readonly<Record<StartArm, number>>;
  readonly medianStopMs: Readonly<Record<StartArm, number>>;
  /** Medians of the rounds' ratios: our lab ÷ the other. */
  readonly startRatio: { readonly dockerode: number; readonly compose: number };
  readonly stopRatio: { readonly dockerode: number; readonly compose: number };
}

export interface StartupFigures {
  readonly targets: { readonly dockerode: number; readonly compose: number };
  readonly compose: string;
  /** Once for each process, and in no arm. */
  readonly reaperMs: number;
  readonly summaries: readonly StartupSummary[];
  readonly rounds: readonly StartupRound[];
  /** Starts that were done again, as the engine could not remove a network any more. */
  readonly spoiled: readonly StartArm[];
}

/**
 * Docker 20.10 sometimes does not let a network go that many containers left at once, before it is restarted. Its
 * addresses stay taken, so the set gets others.
 */
const KEPT_ENDPOINT = 'has active endpoints';
const SPOILED_AT_MOST = 10;

const TARGETS = { dockerode: 1.15, compose: 0.95 } as const;

/** How many containers of which kind make up a lab of a size, besides two for each router and one that isolates. */
const SIZES: Readonly<
  Record<number, { zones: readonly string[]; nodes: Readonly<Record<string, number>>; others: RegExp }>
> = {
  10: { zones: ['use1-a', 'region'], nodes: { 'use1-a': 4 }, others: /^control-plane$/ },
  20: { zones: ['use1-a', 'use1-b', 'region'], nodes: { 'use1-a': 6, 'use1-b': 2 }, others: /control-plane|instances/ },
  40: {
    zones: ['use1-a', 'use1-b', 'region'],
    nodes: { 'use1-a': 20, 'use1-b': 6 },
    others: /control-plane|instances|app/,
  },
};

export async function measureStartup({ engine, quick, only, progress }: BenchmarkOptions): Promise<StartupFigures> {
  const compose = await composeTool(progress);
  const rounds: StartupRound[] = [];
  const summaries: StartupSummary[] = [];
  const spoiled: StartArm[] = [];
  for (const size of Object.keys(SIZES).map(Number)) {
    if (only !== null && !only.test(String(size))) continue;
    let set = await setOf(engine, size);
    progress(`${size} containers: ${set.networks.length} networks, ${set.volumes.length} volumes`);
    const own: StartupRound[] = [];
    for (let round = 0; round < (quick ? 1 : 5); round += 1) {
      for (let i = 0; i < ARMS.length; i += 1) {
        const arm = ARMS[(i + round) % ARMS.length] ?? 'lab';
        let cpu = watchCpu();
        let times = await timed(arm, engine, size, set);
        while (times === 'kept endpoint') {
          progress(`${size}, ${arm}: the engine keeps an endpoint; once more, with other addresses`);
          if (spoiled.push(arm) > SPOILED_AT_MOST) throw new Error('the engine keeps endpoints: restart it');
          set = await setOf(engine, size);
          cpu = watchCpu();
          times = await timed(arm, engine, size, set);
        }
        own.push({ containers: size, round, arm, ...times, cpu: cpu() });
        progress(`${size}, ${arm}: started in ${times.startMs} ms, gone in ${times.stopMs} ms`);
      }
    }
    rounds.push(...own);
    summaries.push({ containers: size, networks: set.networks.length, volumes: set.volumes.length, ...summaryOf(own) });
  }
  return { targets: TARGETS, compose, reaperMs: Math.round(engine.reaperMs), summaries, rounds, spoiled };
}

/** The containers of a lab as the engine has them, so that the other arms start exactly the same. */
export async function setOf(engine: Engine, size: number): Promise<ContainerSet> {
  await using lab = await startLab(engine, await planFor(engine, size));
  const set = await describeSet(engine.docker, lab.runId);
  if (set.containers.length !== size) throw new Error(`${set.containers.length} containers, not ${size}`);
  return set;
}

export async function planFor(engine: Engine, size: number): Promise<Plan> {
  const { zones, nodes, others } = SIZES[size] ?? { zones: [], nodes: {}, others: /^$/ };
  const overrides = { 'zones.use1-a.nodes': '20', 'zones.use1-b.nodes': '6' };
  return planOf(
    engine,
    'full',
    (whole) => {
      const routers = whole.routers.filter((router) => zones.includes(router.zone));
      const used = new Map<string, number>();
      const containers = whole.containers
        .filter(({ id, zone, role }) => {
          if (role !== 'node') return zones.includes(zone) && others.test(id);
          const index = used.get(zone) ?? 0;
          used.set(zone, index + 1);
          return index < (nodes[zone] ?? 0);
        })
        .map((one) => (one.role === 'node' ? { ...one, disks: ['/data'] } : one));
      const kept = new Set(['host', ...containers.map(({ id }) => id)]);
      const links = whole.links.filter(({ source, destination }) => kept.has(source) && kept.has(destination));
      return { ...whole, zones: whole.zones.filter(({ id }) => zones.includes(id)), routers, containers, links };
    },
    overrides,
  );
}

async function timed(
  arm: StartArm,
  engine: Engine,
  size: number,
  set: ContainerSet,
): Promise<{ startMs: number; stopMs: number } | 'kept endpoint'> {
  if (arm === 'lab') {
    const plan = await planFor(engine, size);
    const began = performance.now();
    const lab: Lab = await startLab(engine, plan);
    const started = performance.now();
    await lab[Symbol.asyncDispose]();
    return { startMs: Math.round(started - began), stopMs: Math.round(performance.now() - started) };
  }
  const runId = newRunId();
  const own = renamed(set, runId);
  const { docker } = engine;
  try {
    const began = performance.now();
    if (arm === 'dockerode') await startWithDockerode(docker, own);
    else await startWithCompose(docker, own);
    const started = performance.now();
    if (arm === 'dockerode') await removeByLabel(docker, own.label);
    else await stopWithCompose(own);
    return { startMs: Math.round(started - began), stopMs: Math.round(performance.now() - started) };
  } catch (error) {
    await removeByLabel(docker, own.label).catch(() => undefined);
    if (String((error as Error).message).includes(KEPT_ENDPOINT)) return 'kept endpoint';
    throw error;
  }
}

function summaryOf(rounds: readonly StartupRound[]): Omit<StartupSummary, 'containers' | 'networks' | 'volumes'> {
  const of = (arm: StartArm): StartupRound[] => rounds.filter((one) => one.arm === arm);
  const medians = (key: 'startMs' | 'stopMs'): Record<StartArm, number> => ({
    lab: Math.round(median(of('lab').map((one) => one[key]))),
    dockerode: Math.round(median(of('dockerode').map((one) => one[key]))),
    compose: Math.round(median(of('compose').map((one) => one[key]))),
  });
  const ratio = (key: 'startMs' | 'stopMs', other: StartArm): number =>
    digits(median(of('lab').map((one, i) => one[key] / (of(other)[i]?.[key] ?? Number.NaN))), 3);
  return {
    medianStartMs: medians('startMs'),
    medianStopMs: medians('stopMs'),
    startRatio: { dockerode: ratio('startMs', 'dockerode'), compose: ratio('startMs', 'compose') },
    stopRatio: { dockerode: ratio('stopMs', 'dockerode'), compose: ratio('stopMs', 'compose') },
  };
}
