import { release } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { burstBytes, frameBitsPerSecond, payloadBytes } from '../../harness/fabric/capacity.ts';
import type { Router } from '../../harness/fabric/router.ts';
import type { RouterShell } from '../../harness/fabric/router-shell.ts';
import type { Lab } from '../../harness/lab/lab.ts';
import { monotonicMs } from '../../harness/time/monotonic.ts';
import { lanePlan, SINK_PORT, sinkOf, sourceOf } from '../lab/lane-plan.ts';
import type { Engine } from '../lab/open-engine.ts';
import { Program } from '../lab/program.ts';
import { planOf, startLab } from '../lab/start-lab.ts';
import { type CpuShares, watchCpu } from '../machine.ts';
import { digits, median } from '../numbers.ts';

/** `bucket`: the product's. `larger`: 16 KiB at least, which it was until it was measured here. */
export type Bucket = 'bucket' | 'larger';

export interface FirstSecondCell {
  /** Asked for: payload, Mbit/s. */
  readonly mbit: number;
  readonly connections: number;
  readonly bucket: Bucket;
  readonly burstBytes: number;
  /** Payload in the first second after idleness ÷ that of a second at the rate, of each round, as the queue counts it. */
  readonly ratios: readonly number[];
  readonly median: number;
  readonly most: number;
  /** Of the busiest round. */
  readonly cpu: CpuShares;
}

export interface FirstSecondFigures {
  /** ISO 8601; it can be measured by itself (`--only 'first second'`). */
  readonly measuredAt: string;
  readonly linux: string;
  readonly atMost: number;
  readonly idleSeconds: number;
  readonly rounds: number;
  readonly cells: readonly FirstSecondCell[];
}

const AT_MOST = 1.1;
const RATES_MBIT = [0.5, 1, 3, 60] as const;
const CONNECTIONS = [1, 64] as const;
const BUCKETS = ['bucket', 'larger'] as const;
const IDLE_SECONDS = 5;
const ROUNDS = 3;
const QUEUE_MS = 200;
const QUEUE_AT_LEAST_BYTES = 200_000;
/** The queue is looked at so often, and for so long, ms. */
const LOOK_MS = 20;
const LOOKED_MS = 1_500;
const SECOND_MS = 1_000;

const FORMER_LEAST_BYTES = 16_384;
const burstOf = (mbit: number, bucket: Bucket): number =>
  bucket === 'bucket' ? burstBytes(mbit) : Math.max(FORMER_LEAST_BYTES, Math.round((mbit * 1e6 * 0.004) / 8));
const queueOf = (mbit: number): number => Math.max(QUEUE_AT_LEAST_BYTES, (mbit * 1e6 * QUEUE_MS) / 1000 / 8);

/**
 * What a capacity lets through in its first second after idleness, with connections that all begin to flood at once.
 * All rates side by side, each on a lane of its own; the two buckets in turn, in rounds.
 */
export async function measureFirstSecond(
  engine: Engine,
  quick: boolean,
  progress: (line: string) => void,
): Promise<FirstSecondFigures> {
  const laneOf = (mbit: number): string => `s${String(mbit).replace('.', 'p')}`;
  const lanes = RATES_MBIT.map((mbit) => {
    const id = laneOf(mbit);
    return { id, routers: [{ id: `${id}-router`, mbit, queueBytes: queueOf(mbit) }] };
  });
  const plan = await planOf(engine, 'fast', (whole, block) => lanePlan(whole, block, lanes));
  await using lab = await startLab(engine, plan);
  const sinks = new Map<string, Program>();
  for (const { id } of lanes) {
    sinks.set(id, await Program.start(engine.docker, lab.containerId(sinkOf(id)), 'sink.ts', [SINK_PORT]));
  }
  const rounds = quick ? 1 : ROUNDS;
  const found = new Map<string, { ratios: number[]; cpu: CpuShares }>();
  const keyOf = (...parts: readonly (string | number)[]): string => parts.join(' ');
  for (let round = 0; round < rounds; round += 1) {
    const inTurn = round % 2 === 0 ? BUCKETS : BUCKETS.toReversed();
    for (const connections of CONNECTIONS) {
      for (const bucket of inTurn) {
        const cpu = watchCpu();
        const ratios = await Promise.all(
          RATES_MBIT.map((mbit) => firstSecond(lab, laneOf(mbit), mbit, connections, bucket, sinks)),
        );
        const shares = cpu();
        for (const [i, mbit] of RATES_MBIT.entries()) {
          const key = keyOf(mbit, connections, bucket);
          const before = found.get(key);
          const busier = before === undefined || shares.busy > before.cpu.busy ? shares : before.cpu;
          found.set(key, { ratios: [...(before?.ratios ?? []), ratios[i] ?? Number.NaN], cpu: busier });
        }
        const told = RATES_MBIT.map((mbit, i) => `${mbit} Mbit/s: ${ratios[i]?.toFixed(3)}`).join(', ');
        progress(`first second × ${connections}, ${bucket}: ${told}`);
      }
    }
  }
  const cells = RATES_MBIT.flatMap((mbit) =>
    CONNECTIONS.flatMap((connections) =>
      BUCKETS.map((bucket): FirstSecondCell => {
        const { ratios, cpu } = found.get(keyOf(mbit, connections, bucket)) ?? {
          ratios: [],
          cpu: { busy: 1, steal: 0 },
        };
        return {
          mbit,
          connections,
          bucket,
          burstBytes: burstOf(mbit, bucket),
          ratios,
          median: median(ratios),
          most: Math.max(...ratios),
          cpu,
        };
      }),
    ),
  );
  const measuredAt = new Date().toISOString();
  return { measuredAt, linux: release(), atMost: AT_MOST, idleSeconds: IDLE_SECONDS, rounds, cells };
}

async function firstSecond(
  lab: Lab,
  lane: string,
  mbit: number,
  connections: number,
  bucket: Bucket,
  sinks: ReadonlyMap<string, Program>,
): Promise<number> {
  const router = lab.router(`${lane}-router`);
  const { shell } = router;
  await shell.reshape({
    rateBits: frameBitsPerSecond(mbit),
    burstBytes: burstOf(mbit, bucket),
    limitBytes: router.plan.queueBytes,
  });
  await delay(IDLE_SECONDS * 1000);
  const link = lab.plan.links.find((one) => one.router === router.id);
  if (link === undefined) throw new Error(`no link in ${lane}`);
  const looking = look(shell);
  const flood = await Program.start(lab.docker, lab.containerId(sourceOf(lane)), 'flood.ts', [
    link.listen.ip,
    link.listen.port,
    connections,
  ]);
  const samples = await looking;
  await flood[Symbol.asyncDispose]();
  await atRest(router, link.listen.port, sinks.get(lane));
  return digits((payloadBytes(inFirstSecond(samples)) * 8) / 1e6 / mbit, 4);
}

export interface Sample {
  readonly t: number;
  readonly frameBytes: number;
}

/** From before the first byte until well over a second after it. */
export async function look(shell: Pick<RouterShell, 'queue'>): Promise<Sample[]> {
  const samples: Sample[] = [];
  let begun: number | null = null;
  for (;;) {
    const { frameBytes } = await shell.queue();
    const t = monotonicMs();
    samples.push({ t, frameBytes });
    // A handshake is not the flood.
    if (begun === null && frameBytes - (samples[0]?.frameBytes ?? 0) > 1_514) begun = t;
    if (begun !== null && t > begun + LOOKED_MS) return samples;
    if (samples.length > 3_000) throw new Error('no flood came');
    await delay(LOOK_MS);
  }
}

/** Most bytes of frames in any second: what the bucket adds is in the one that begins with the flood. */
export function inFirstSecond(samples: readonly Sample[]): number {
  const at = (t: number): number => {
    const next = samples.findIndex((one) => one.t >= t);
    const [a, b] = [samples[next - 1], samples[next]];
    if (b === undefined) return Number.NaN;
    return a === undefined ? b.frameBytes : a.frameBytes + ((b.frameBytes - a.frameBytes) * (t - a.t)) / (b.t - a.t);
  };
  const seconds = samples
    .map(({ t, frameBytes }) => at(t + SECOND_MS) - frameBytes)
    .filter((one) => !Number.isNaN(one));
  return Math.max(...seconds);
}

/** Connections of which a slow link has starved most would take minutes to learn that nobody is there any more. */
async function atRest({ shell }: Router, port: number, sink: Program | undefined): Promise<void> {
  await shell.resetConnections([port]);
  for (let tries = 0; tries < 300; tries += 1) {
    const { connections } = (await sink?.ask<{ connections: number }>('reset')) ?? { connections: 0 };
    const open = (await shell.connections()).get(port) ?? 0;
    if (open === 0 && connections === 0 && (await shell.queue()).backlogBytes === 0) return;
    await delay(100);
  }
  throw new Error('a lane does not come to rest');
}
