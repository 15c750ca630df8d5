import { setTimeout as delay } from 'node:timers/promises';
import { bindFault } from '../../harness/fault/catalogue.ts';
import type { Lab } from '../../harness/lab/lab.ts';
import type { Plan, PlanFault, PlanLink } from '../../harness/scenario/plan.ts';
import { monotonicMs } from '../../harness/time/monotonic.ts';
import { Program } from '../lab/program.ts';
import { planOf, startLab } from '../lab/start-lab.ts';
import { closeOf, joinTicks, type LinkTicks, type Onset, onsetOf, type PacerDump } from '../lab/ticks.ts';
import { type CpuShares, carried, watchCpu } from '../machine.ts';
import { digits, percentile } from '../numbers.ts';
import type { BenchmarkOptions } from './benchmark.ts';

/** Where a fault works, and on how many links at once. */
export type Scope = 'kernel, 240 links' | 'Toxiproxy, 1 link' | 'Toxiproxy, 240 links';
export type Condition = 'idle' | 'load';

export interface OnsetCell {
  readonly fault: string;
  readonly scope: Scope;
  readonly condition: Condition;
  readonly injections: number;
  /** Onsets seen of those that should have been: links watched × injections, without links that were not at rest. */
  readonly seen: number;
  readonly expected: number;
  readonly notAtRest: number;
  /** From the call to the first byte that was held up (or the close that was seen), over all links watched, ms. */
  readonly onsetMs: { readonly p50: number; readonly p99: number; readonly max: number };
  /** The latest link minus the earliest, for each injection; over the links watched. `null` for one link. */
  readonly spreadMs: { readonly p50: number; readonly max: number } | null;
  /**
   * The call, until it returned. Every change lies within it, and all of them were read back after it: it is a bound
   * of the spread over all links, those that are not watched too.
   */
  readonly callMs: { readonly p50: number; readonly p99: number; readonly max: number };
  /** Time between the two ticks that the onset lies between. */
  readonly resolutionMs: { readonly p50: number; readonly p99: number };
  readonly cpu: CpuShares;
  readonly carried: boolean;
}

export interface OnsetFigures {
  readonly targets: { readonly onsetP99Ms: number; readonly spreadMs: number };
  readonly links: number;
  readonly watched: number;
  readonly tickMs: number;
  readonly lateMs: number;
  readonly loadMbit: Readonly<Record<Condition, number>>;
  readonly cells: readonly OnsetCell[];
}

const TARGETS = { onsetP99Ms: 20, spreadMs: 50 } as const;
const TICK_MS = 2;
const NODES = 16;
const NODE_PORT = 7000;
const CONTROL_PORT = 7100;
/** The benchmark's own, so that what was measured at one time and at another compares whatever the preset has. */
const CAPACITIES = {
  'zones.use1-a.primary.capacity': '268mbit',
  'zones.use1-a.primary.queue': '4MB',
  'zones.use1-a.replication.capacity': '13.4mbit',
};
/** Through the primary router, from some nodes to the control plane, whose links no fault here touches. */
const LOAD_MBIT = { idle: 0, load: 120 } as const;
/** A lowered capacity shows only where more than that wants to pass: this much does, also in `idle`. */
const CAPACITY_FLOW_MBIT = 67;
const LOADERS = ['a1', 'a5', 'a9', 'a13'] as const;
/** So many connections keep the thin network's queue full, of about 100 ms, so that a misrouted byte waits. */
const THIN = { queueBytes: 160_000, connections: 32 } as const;

interface Kind {
  readonly name: string;
  readonly scope: Scope;
  /** How long it stays, and how long its traces may take to go, ms. */
  readonly holdMs: number;
  readonly restMs: number;
  /** Seen as a close, not as a byte that is held up. */
  readonly closes: boolean;
  readonly fault: (id: string, links: readonly PlanLink[]) => PlanFault;
}

const faultOf = (
  kind: string,
  id: string,
  links: readonly PlanLink[],
  settings: object,
  more: object = {},
): PlanFault => ({
  kind,
  id,
  description: '',
  atSeconds: 0,
  forSeconds: null,
  silences: [],
  losesPartnersOf: null,
  experience: null,
  limitsDiskTo: null,
  settings,
  targets: { zone: 'use1-a', routers: ['a-primary'], links: links.map((link) => link.id), containers: [], ...more },
});

const nodes = Array.from({ length: NODES }, (_, i) => `a${i + 1}`);

const KERNEL: readonly Kind[] = [
  {
    name: 'misroute, connections kept',
    scope: 'kernel, 240 links',
    holdMs: 80,
    restMs: 600,
    closes: false,
    fault: (id) => faultOf('misroute', id, [], { connections: 'kept' }, { containers: nodes }),
  },
  {
    name: 'capacity to 1 Mbit/s',
    scope: 'kernel, 240 links',
    holdMs: 80,
    restMs: 500,
    closes: false,
    fault: (id) => faultOf('capacity', id, [], { mbit: 1 }),
  },
  {
    name: 'isolate (packets dropped)',
    scope: 'kernel, 240 links',
    holdMs: 80,
    restMs: 700,
    closes: false,
    fault: (id, links) => faultOf('cut', id, links, { kind: 'drop' }),
  },
];

const TOXIPROXY: readonly Kind[] = (['Toxiproxy, 1 link', 'Toxiproxy, 240 links'] as const).flatMap((scope) => [
  {
    name: 'cut: refuse',
    scope,
    holdMs: 40,
    restMs: 160,
    closes: true,
    fault: (id: string, links: readonly PlanLink[]) => faultOf('cut', id, links, { kind: 'refuse' }),
  },
  {
    name: 'cut: stall',
    scope,
    holdMs: 60,
    restMs: 160,
    closes: false,
    fault: (id: string, links: readonly PlanLink[]) => faultOf('cut', id, links, { kind: 'stall' }),
  },
  {
    name: 'delay of 50 ms',
    scope,
    holdMs: 60,
    restMs: 220,
    closes: false,
    fault: (id: string, links: readonly PlanLink[]) => faultOf('delay', id, links, { latencyMs: 50, jitterMs: 0 }),
  },
]);

export async function measureOnset({ engine, quick, only, progress }: BenchmarkOptions): Promise<OnsetFigures> {
  await using lab = await startLab(engine, await planOf(engine, 'full', onePlane, CAPACITIES));
  const links = lab.plan.links.filter(
    ({ source, destination, plane }) => plane === 'primary' && nodes.includes(source) && nodes.includes(destination),
  );
  const watched = links.filter(isWatched);
  const pacers = await startPacers(lab, links, watched);
  await Program.start(lab.docker, lab.containerId('control-plane'), 'sink.ts', [CONTROL_PORT]);
  await Program.start(lab.docker, lab.containerId('a2'), 'sink.ts', [NODE_PORT + 1]);
  const cells: OnsetCell[] = [];
  let epoch = 1;
  for (const condition of ['idle', 'load'] as const) {
    for (const kind of [...KERNEL, ...TOXIPROXY]) {
      if (only !== null && !only.test(`${kind.name} ${kind.scope} ${condition}`)) continue;
      // All links by 480 calls take so long that a few injections tell, and load does not tell more.
      const wide = kind.scope === 'Toxiproxy, 240 links';
      if (wide && condition === 'load') continue;
      const injections = quick ? 5 : wide ? 10 : 50;
      const stage = { lab, links, watched, pacers, kind, condition, injections, epoch };
      epoch += 1;
      const cell = await measureCell(stage);
      progress(inWords(cell));
      cells.push(cell);
    }
  }
  return {
    targets: TARGETS,
    links: links.length,
    watched: watched.length,
    tickMs: TICK_MS,
    lateMs: 20,
    loadMbit: LOAD_MBIT,
    cells,
  };
}

/** The larger zone with idle containers; the thin queue short, to be kept full. */
function onePlane(whole: Plan): Plan {
  const containers = whole.containers.filter(({ id }) => nodes.includes(id) || id === 'control-plane');
  const kept = new Set(containers.map(({ id }) => id));
  return {
    ...whole,
    zones: whole.zones.filter(({ id }) => id !== 'use1-b'),
    routers: whole.routers
      .filter(({ zone }) => zone === 'use1-a')
      .map((router) => (router.plane === 'primary' ? router : { ...router, queueBytes: THIN.queueBytes })),
    containers,
    links: whole.links
      .filter(({ source, destination }) => kept.has(source) && kept.has(destination))
      // What fills the thin network goes to a port of its own; the pacers' is taken.
      .map((link) => (link.id === 'a1->a2@replication' ? moved(link, NODE_PORT + 1) : link)),
  };
}

const moved = (link: PlanLink, port: number): PlanLink => ({ ...link, upstream: { ...link.upstream, port } });

/** Each node to its neighbour: every node as source and as destination, the first link of all and the last. */
function isWatched({ source, destination }: PlanLink): boolean {
  return nodes.indexOf(destination) === (nodes.indexOf(source) + 1) % NODES;
}

async function startPacers(lab: Lab, links: readonly PlanLink[], watched: readonly PlanLink[]): Promise<Program[]> {
  return Promise.all(
    nodes.map((node) => {
      const targets = watched
        .filter(({ source }) => source === node)
        .flatMap((link) => [links.indexOf(link), link.listen.ip, link.listen.port]);
      return Program.start(lab.docker, lab.containerId(node), 'pacer.ts', [NODE_PORT, TICK_MS, ...targets]);
    }),
  );
}

interface Stage {
  readonly lab: Lab;
  readonly links: readonly PlanLink[];
  readonly watched: readonly PlanLink[];
  readonly pacers: readonly Program[];
  readonly kind: Kind;
  readonly condition: Condition;
  readonly injections: number;
  readonly epoch: number;
}

interface Injection {
  readonly calledAt: number;
  readonly returnedAt: number;
  readonly revertedAt: number;
  readonly links: readonly PlanLink[];
}

async function measureCell(stage: Stage): Promise<OnsetCell> {
  const { kind, pacers, epoch, condition } = stage;
  await using flows = new AsyncDisposableStack();
  for (const flow of await startFlows(stage)) flows.use(flow);
  await Promise.all(pacers.map((pacer) => pacer.ask(`fresh ${epoch}`)));
  await delay(1_000);
  const cpu = watchCpu();
  const injections: Injection[] = [];
  for (let i = 0; i < stage.injections; i += 1) injections.push(await inject(stage, i));
  const shares = cpu();
  const dumps: PacerDump[] = [];
  for (const pacer of pacers) dumps.push(await pacer.ask<PacerDump>(`dump ${epoch}`));
  const seen = injections.map((injection) => onsetsOf(stage, joinedOnce(dumps), injection));
  const onsets = seen.flatMap((one) => one.onsets);
  const spreads = seen
    .filter(({ onsets }) => onsets.length > 1)
    .map(({ onsets }) => Math.max(...onsets.map(({ ms }) => ms)) - Math.min(...onsets.map(({ ms }) => ms)));
  const of = (values: readonly number[], p: number): number => digits(percentile(values, p), 4);
  const calls = injections.map(({ calledAt, returnedAt }) => returnedAt - calledAt);
  if (onsets.length === 0) throw new Error(`${kind.name}, ${condition}: the fault was never seen on the path`);
  return {
    fault: kind.name,
    scope: kind.scope,
    condition,
    injections: injections.length,
    seen: onsets.length,
    expected: seen.reduce((sum, one) => sum + one.expected, 0),
    notAtRest: seen.reduce((sum, one) => sum + one.notAtRest, 0),
    onsetMs: {
      p50: of(
        onsets.map(({ ms }) => ms),
        0.5,
      ),
      p99: of(
        onsets.map(({ ms }) => ms),
        0.99,
      ),
      max: of(
        onsets.map(({ ms }) => ms),
        1,
      ),
    },
    spreadMs: spreads.length === 0 ? null : { p50: of(spreads, 0.5), max: of(spreads, 1) },
    callMs: { p50: of(calls, 0.5), p99: of(calls, 0.99), max: of(calls, 1) },
    resolutionMs: {
      p50: of(
        onsets.map(({ resolutionMs }) => resolutionMs),
        0.5,
      ),
      p99: of(
        onsets.map(({ resolutionMs }) => resolutionMs),
        0.99,
      ),
    },
    cpu: shares,
    carried: carried(shares),
  };
}

const joined = new WeakMap<readonly PacerDump[], Map<number, LinkTicks>>();
function joinedOnce(dumps: readonly PacerDump[]): Map<number, LinkTicks> {
  const found = joined.get(dumps) ?? joinTicks(dumps);
  joined.set(dumps, found);
  return found;
}

/** What flows besides the ticks: the load, and what makes a fault visible. */
async function startFlows({ lab, kind, condition }: Stage): Promise<Program[]> {
  const { docker } = lab;
  const flows: Promise<Program>[] = [];
  const dial = (id: string) => {
    const link = lab.plan.links.find((one) => one.id === id);
    if (link === undefined) throw new Error(`no link ${id}`);
    return { container: lab.containerId(link.source), to: [link.listen.ip, link.listen.port] as const };
  };
  const mbit = Math.max(LOAD_MBIT[condition], kind.name.startsWith('capacity') ? CAPACITY_FLOW_MBIT : 0);
  for (const node of mbit === 0 ? [] : LOADERS) {
    const { container, to } = dial(`${node}->control-plane@primary`);
    flows.push(Program.start(docker, container, 'paced.ts', [...to, mbit / LOADERS.length]));
  }
  if (kind.name.startsWith('misroute')) {
    const { container, to } = dial('a1->a2@replication');
    flows.push(Program.start(docker, container, 'flood.ts', [...to, THIN.connections]));
  }
  return Promise.all(flows);
}

async function inject({ lab, kind, links, watched }: Stage, index: number): Promise<Injection> {
  const one = watched[(index * 7) % watched.length];
  const targets = kind.scope === 'Toxiproxy, 1 link' && one !== undefined ? [one] : links;
  const fault = bindFault(kind.fault(`onset-${index}`, targets), lab);
  const calledAt = monotonicMs();
  await fault.apply();
  const returnedAt = monotonicMs();
  await delay(kind.holdMs);
  const share = await fault.probe();
  const revertedAt = monotonicMs();
  await fault.revert();
  if (share !== 1) throw new Error(`${kind.name}: ${share} of it was in force`);
  // Not at the same moment of anybody's timer each time.
  await delay(kind.restMs + (index % 10) * 3.7);
  return { calledAt, returnedAt, revertedAt, links: targets };
}

function onsetsOf(
  { watched, links, kind }: Stage,
  ticks: ReadonlyMap<number, LinkTicks>,
  injection: Injection,
): { onsets: Onset[]; expected: number; notAtRest: number } {
  const { calledAt, revertedAt } = injection;
  const onsets: Onset[] = [];
  let [expected, notAtRest] = [0, 0];
  for (const link of watched.filter((one) => injection.links.includes(one))) {
    const own = ticks.get(links.indexOf(link));
    if (own === undefined) throw new Error(`nothing was seen of ${link.id}`);
    const onset = kind.closes ? closeOf(own, calledAt, revertedAt) : onsetOf(own, calledAt, revertedAt);
    if (onset === 'not-at-rest') {
      notAtRest += 1;
      continue;
    }
    expected += 1;
    if (onset !== null) onsets.push(onset);
  }
  return { onsets, expected, notAtRest };
}

function inWords(cell: OnsetCell): string {
  const { onsetMs, spreadMs, callMs, resolutionMs, cpu } = cell;
  return (
    `${cell.fault}, ${cell.scope}, ${cell.condition}: onset ${onsetMs.p50} / ${onsetMs.p99} / ${onsetMs.max} ms` +
    `${spreadMs === null ? '' : `, spread ${spreadMs.p50} / ${spreadMs.max}`}` +
    `, call ${callMs.p50} / ${callMs.max}, seen ${cell.seen} of ${cell.expected} (${cell.notAtRest} not at rest), ` +
    `resolution ${resolutionMs.p50} / ${resolutionMs.p99}, CPU ${(cpu.busy * 100).toFixed(0)} %`
  );
}
