import { setTimeout as delay } from 'node:timers/promises';
import type { LinkEffect } from '../../harness/fabric/link-effect.ts';
import { proxyOf, type Shaping } from '../../harness/fabric/router.ts';
import { runInside } from '../../harness/lab/containers/run-inside.ts';
import type { Lab } from '../../harness/lab/lab.ts';
import { monotonicMs } from '../../harness/time/monotonic.ts';
import { type Lane, lanePlan, SINK_PORT, sinkOf, sourceOf } from '../lab/lane-plan.ts';
import type { Engine } from '../lab/open-engine.ts';
import { Program } from '../lab/program.ts';
import { planOf, shellOf, startLab } from '../lab/start-lab.ts';
import { type CpuShares, carried, watchCpu } from '../machine.ts';
import { digits } from '../numbers.ts';
import type { BenchmarkOptions } from './benchmark.ts';
import { type FirstSecondFigures, measureFirstSecond } from './first-second.ts';

/**
 * - `kernel`: one queue of the router's kernel, the product's way.
 * - `toxic`: Toxiproxy's `bandwidth` alone at the same nominal rate, on a router without a limit of its own.
 * - `fallback`: what the harness does where it may not shape: Toxiproxy's rates, shared over live connections.
 */
export type Arm = 'kernel' | 'toxic' | 'fallback';

export interface CapacityCell {
  readonly arm: Arm;
  /** Asked for: payload, Mbit/s. */
  readonly mbit: number;
  readonly connections: number;
  readonly seconds: number;
  /** Payload that the receiving program got, Mbit/s. */
  readonly achievedMbit: number;
  readonly ratio: number;
  readonly cpu: CpuShares;
  readonly carried: boolean;
  /** Of the router's queue: frames that left it ÷ those of the rate that was set; `null` where there is none. */
  readonly queue: {
    readonly rateRatio: number;
    readonly meanFrameBytes: number;
    readonly droppedShare: number;
  } | null;
  /** Segments that the router's TCP sent again ÷ all that it sent. */
  readonly retransmittedShare: number;
}

export interface CapacityFigures {
  readonly band: readonly [number, number];
  /** Depth of a router's queue: so much of its rate, and at least so many bytes. */
  readonly queueMs: number;
  readonly queueAtLeastBytes: number;
  readonly warmUpSeconds: number;
  readonly cells: readonly CapacityCell[];
  readonly firstSecond?: FirstSecondFigures;
}

const BAND = [0.97, 1.03] as const;
const CONNECTIONS = [1, 4, 16, 64] as const;
/** Rates whose cells are measured side by side, in lanes of their own; the others are measured alone. */
const SMALL_MBIT = [1, 10] as const;
const LARGE_MBIT = [100, 400] as const;
const TOGETHER_AT_MOST_MBIT = 100;
const QUEUE_MS = 200;
const QUEUE_AT_LEAST_BYTES = 200_000;
const WARM_UP_SECONDS = 3;
/** Far above everything that is asked for, so that the queue of a `toxic` lane is never in the way. */
const UNLIMITED_MBIT = 20_000;

interface Cell {
  readonly arm: Arm;
  readonly mbit: number;
  readonly connections: number;
  readonly lane: string;
}

const queueOf = (mbit: number): number => Math.max(QUEUE_AT_LEAST_BYTES, (mbit * 1e6 * QUEUE_MS) / 1000 / 8);
const laneOf = (id: string, mbit: number): Lane => ({
  id,
  routers: [{ id: `${id}-router`, mbit, queueBytes: queueOf(mbit) }],
});

/** Two lanes for each small rate, one for each large one. */
const ratedLanes = (prefix: string): Lane[] => [
  ...SMALL_MBIT.flatMap((mbit) => ['x', 'y'].map((copy) => laneOf(`${prefix}${mbit}${copy}`, mbit))),
  ...LARGE_MBIT.map((mbit) => laneOf(`${prefix}${mbit}`, mbit)),
];
const TOXIC_LANES = ['u1', 'u2', 'u3'] as const;

function ratedCells(arm: Arm, prefix: string): Cell[] {
  const small = SMALL_MBIT.flatMap((mbit) =>
    CONNECTIONS.map((connections, i) => ({
      arm,
      mbit,
      connections,
      lane: `${prefix}${mbit}${i % 2 === 0 ? 'x' : 'y'}`,
    })),
  );
  const large = LARGE_MBIT.flatMap((mbit) =>
    CONNECTIONS.map((connections) => ({ arm, mbit, connections, lane: `${prefix}${mbit}` })),
  );
  return [...small, ...large];
}

function toxicCells(): Cell[] {
  return [...SMALL_MBIT, ...LARGE_MBIT].flatMap((mbit) =>
    CONNECTIONS.map((connections, i) => {
      const lane = TOXIC_LANES[i % TOXIC_LANES.length] ?? '';
      return { arm: 'toxic' as const, mbit, connections, lane };
    }),
  );
}

/** What may pass altogether: Toxiproxy's own rate holds for each connection. */
const totalMbit = ({ arm, mbit, connections }: Cell): number => mbit * (arm === 'toxic' ? connections : 1);

/** Cells that are measured at the same time: of small rates, in different lanes, not too much together. */
export function batches(cells: readonly Cell[]): Cell[][] {
  const together: Cell[][] = [];
  for (const cell of cells) {
    const small = SMALL_MBIT.some((mbit) => mbit === cell.mbit) && totalMbit(cell) <= TOGETHER_AT_MOST_MBIT;
    const found = together.find(
      (batch) =>
        small &&
        batch.every((other) => other.lane !== cell.lane && SMALL_MBIT.some((mbit) => mbit === other.mbit)) &&
        [...batch, cell].reduce((sum, one) => sum + totalMbit(one), 0) <= TOGETHER_AT_MOST_MBIT,
    );
    if (found === undefined) together.push([cell]);
    else found.push(cell);
  }
  return together;
}

/** The acceptance is the kernel's, so its cells are long; for the others, large rates need no more than this. */
function secondsOf({ arm, mbit }: Cell, quick: boolean): number {
  if (quick) return 4;
  return arm === 'kernel' || mbit < 100 ? 30 : 10;
}

export async function measureCapacity({ engine, quick, progress, only }: BenchmarkOptions): Promise<CapacityFigures> {
  const measured: CapacityCell[] = [];
  const wanted = (cell: Cell): boolean => only === null || only.test(`${cell.arm} ${cell.mbit} ${cell.connections}`);
  const labs: readonly (readonly [Shaping, readonly Lane[], readonly Cell[]])[] = [
    [
      'kernel',
      [...ratedLanes('k'), ...TOXIC_LANES.map((id) => laneOf(id, UNLIMITED_MBIT))],
      [...ratedCells('kernel', 'k'), ...toxicCells()],
    ],
    ['toxiproxy', ratedLanes('f'), ratedCells('fallback', 'f')],
  ];
  for (const [shaping, lanes, all] of labs) {
    const cells = all.filter(wanted).toSorted((a, b) => a.mbit - b.mbit || a.connections - b.connections);
    if (cells.length === 0) continue;
    measured.push(...(await measureLab(engine, shaping, lanes, cells, quick, progress)));
  }
  const order: readonly Arm[] = ['kernel', 'toxic', 'fallback'];
  measured.sort(
    (a, b) => order.indexOf(a.arm) - order.indexOf(b.arm) || a.mbit - b.mbit || a.connections - b.connections,
  );
  return {
    band: BAND,
    queueMs: QUEUE_MS,
    queueAtLeastBytes: QUEUE_AT_LEAST_BYTES,
    warmUpSeconds: WARM_UP_SECONDS,
    cells: measured,
    ...(only === null || only.test('first second')
      ? { firstSecond: await measureFirstSecond(engine, quick, progress) }
      : {}),
  };
}

async function measureLab(
  engine: Engine,
  shaping: Shaping,
  lanes: readonly Lane[],
  cells: readonly Cell[],
  quick: boolean,
  progress: (line: string) => void,
): Promise<CapacityCell[]> {
  const used = lanes.filter(({ id }) => cells.some(({ lane }) => lane === id));
  const plan = await planOf(engine, 'fast', (whole, block) => lanePlan(whole, block, used));
  await using lab = await startLab(engine, plan, shaping);
  const sinks = new Map<string, Program>();
  for (const { id } of used) {
    sinks.set(id, await Program.start(engine.docker, lab.containerId(sinkOf(id)), 'sink.ts', [SINK_PORT]));
  }
  const measured: CapacityCell[] = [];
  for (const batch of batches(cells)) {
    const shells = new Map<string, string>();
    for (const { lane } of batch) shells.set(lane, await shellOf(lab, `${lane}-router`));
    const done = await measureBatch(lab, batch, sinks, shells, quick);
    for (const cell of done) progress(inWords(cell));
    measured.push(...done);
  }
  return measured;
}

interface Mark {
  readonly t: number;
  readonly bytes: number;
  readonly connections: number;
}

async function measureBatch(
  lab: Lab,
  batch: readonly Cell[],
  sinks: ReadonlyMap<string, Program>,
  shells: ReadonlyMap<string, string>,
  quick: boolean,
): Promise<CapacityCell[]> {
  const floods = await Promise.all(
    batch.map(async (cell) => {
      await limitByToxic(lab, cell);
      const { listen } = linkOf(lab, cell);
      const source = lab.containerId(sourceOf(cell.lane));
      return Program.start(lab.docker, source, 'flood.ts', [listen.ip, listen.port, cell.connections]);
    }),
  );
  await delay(WARM_UP_SECONDS * 1000);
  const look = () => Promise.all(batch.map((cell) => lookAt(lab, cell, sinks, shells)));
  const cpu = watchCpu();
  const before = await look();
  await delay(Math.max(...batch.map((cell) => secondsOf(cell, quick))) * 1000);
  const shares = cpu();
  const after = await look();
  // What stands in buffers would take minutes at the slow rates: the receiver resets its connections.
  await Promise.all(batch.map(({ lane }) => sinkFor(sinks, lane).ask<Mark>('reset')));
  for (const flood of floods) await flood[Symbol.asyncDispose]();
  await Promise.all(batch.map((cell) => atRest(lab, cell, sinks)));
  return batch.map((cell, i) => {
    const [from, to] = [before[i], after[i]];
    if (from === undefined || to === undefined) throw new Error('a cell was not looked at');
    const seconds = (to.mark.t - from.mark.t) / 1000;
    const achievedMbit = ((to.mark.bytes - from.mark.bytes) * 8) / 1e6 / seconds;
    return {
      arm: cell.arm,
      mbit: cell.mbit,
      connections: cell.connections,
      seconds: digits(seconds, 3),
      achievedMbit: digits(achievedMbit),
      ratio: digits(achievedMbit / cell.mbit, 4),
      cpu: shares,
      carried: carried(shares),
      queue: cell.arm === 'kernel' ? queueFigures(cell, from, to) : null,
      retransmittedShare: digits(
        (to.resent - from.resent) / Math.max(1, to.resent - from.resent + to.sent - from.sent),
        3,
      ),
    };
  });
}

interface Look {
  readonly mark: Mark;
  readonly queueAt: number;
  readonly frameBytes: number;
  readonly packets: number;
  readonly drops: number;
  readonly rateBits: number;
  /** TCP segments of the router. */
  readonly sent: number;
  readonly resent: number;
}

/** The receiver's count first: the others are only there to explain it. */
async function lookAt(
  lab: Lab,
  cell: Cell,
  sinks: ReadonlyMap<string, Program>,
  shells: ReadonlyMap<string, string>,
): Promise<Look> {
  const { shell, shaping } = lab.router(`${cell.lane}-router`);
  const mark = await sinkFor(sinks, cell.lane).ask<Mark>('mark');
  const none = { frameBytes: 0, packets: 0, drops: 0 };
  const queue = shaping === 'kernel' ? await shell.queue() : none;
  const queueAt = monotonicMs();
  const rateBits = shaping === 'kernel' ? await shell.rateBits() : 0;
  const snmp = await runInside(lab.docker, shells.get(cell.lane) ?? '', ['cat', '/proc/net/snmp']);
  const [names = [], values = []] = snmp
    .split('\n')
    .filter((line) => line.startsWith('Tcp:'))
    .map((line) => line.split(' '));
  const count = (name: string): number => Number(values[names.indexOf(name)]);
  const { frameBytes, packets, drops } = queue;
  return { mark, queueAt, frameBytes, packets, drops, rateBits, sent: count('OutSegs'), resent: count('RetransSegs') };
}

function queueFigures(cell: Cell, from: Look, to: Look): CapacityCell['queue'] {
  const frames = to.frameBytes - from.frameBytes;
  const packets = to.packets - from.packets;
  const drops = to.drops - from.drops;
  if (cell.arm !== 'kernel') return null;
  return {
    rateRatio: digits((frames * 8) / ((to.rateBits * (to.queueAt - from.queueAt)) / 1000), 4),
    meanFrameBytes: Math.round(frames / Math.max(1, packets)),
    droppedShare: digits(drops / Math.max(1, drops + packets), 3),
  };
}

/** Toxiproxy's own rate for the link, each way; its unit is 1000 bytes a second. */
async function limitByToxic(lab: Lab, cell: Cell): Promise<void> {
  if (cell.arm !== 'toxic') return;
  const { links } = lab.router(`${cell.lane}-router`);
  const toxics = (['upstream', 'downstream'] as const).map((stream) => ({
    type: 'bandwidth' as const,
    stream,
    attributes: { rate: cell.mbit * 125 },
  }));
  const effect: LinkEffect = { toxics };
  await links.set('rate', new Map([[proxyOf(linkOf(lab, cell)).name, effect]]));
}

/** No connection of the last cell is left, and its bytes have left the queue. */
async function atRest(lab: Lab, cell: Cell, sinks: ReadonlyMap<string, Program>): Promise<void> {
  const { shell, shaping } = lab.router(`${cell.lane}-router`);
  for (let tries = 0; tries < 300; tries += 1) {
    const open = (await shell.connections()).get(linkOf(lab, cell).listen.port) ?? 0;
    const { connections } = await sinkFor(sinks, cell.lane).ask<Mark>('reset');
    const backlog = shaping === 'kernel' ? (await shell.queue()).backlogBytes : 0;
    if (open === 0 && connections === 0 && backlog === 0) return;
    await delay(100);
  }
  throw new Error(`the lane ${cell.lane} does not come to rest`);
}

function sinkFor(sinks: ReadonlyMap<string, Program>, lane: string): Program {
  const sink = sinks.get(lane);
  if (sink === undefined) throw new Error(`no sink in ${lane}`);
  return sink;
}

function linkOf(lab: Lab, cell: Cell) {
  const link = lab.plan.links.find((one) => one.router === `${cell.lane}-router`);
  if (link === undefined) throw new Error(`no link in ${cell.lane}`);
  return link;
}

const inWords = (cell: CapacityCell): string =>
  `${cell.arm} ${cell.mbit} Mbit/s × ${cell.connections}: ${cell.ratio.toFixed(3)}, CPU ${(cell.cpu.busy * 100).toFixed(0)} %` +
  `${cell.carried ? '' : ' (the machine cannot carry it)'}, sent again ${(cell.retransmittedShare * 100).toFixed(2)} %` +
  (cell.queue === null
    ? ''
    : `, queue ${cell.queue.rateRatio.toFixed(3)}, frames ${cell.queue.meanFrameBytes} B, dropped ${(cell.queue.droppedShare * 100).toFixed(2)} %`);
