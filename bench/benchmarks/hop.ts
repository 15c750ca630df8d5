import { setTimeout as delay } from 'node:timers/promises';
import { startHelper } from '../../harness/lab/containers/helper-container.ts';
import { runInside } from '../../harness/lab/containers/run-inside.ts';
import type { Lab } from '../../harness/lab/lab.ts';
import { LABELS, labelsOf } from '../../harness/lab/labels.ts';
import { lanePlan, SINK_PORT, sinkOf, sourceOf } from '../lab/lane-plan.ts';
import type { Engine } from '../lab/open-engine.ts';
import { Program } from '../lab/program.ts';
import { planOf, shellOf, startLab } from '../lab/start-lab.ts';
import { type CpuShares, carried, watchCpu } from '../machine.ts';
import { digits, median, percentile } from '../numbers.ts';
import type { BenchmarkOptions } from './benchmark.ts';

/**
 * All between the same two containers on the same bridge:
 *
 * - `direct`: no router. The two containers' ports are taken out of isolation for it; in a run they never are.
 * - `unshaped`: through a router's Toxiproxy, its queue taken away.
 * - `queue`: through a router's Toxiproxy and its kernel queue at a capacity that is never reached: the product's way.
 */
export const HOP_ARMS = ['direct', 'unshaped', 'queue'] as const;
export type HopArm = (typeof HOP_ARMS)[number];

export interface HopRound {
  readonly arm: HopArm;
  readonly round: number;
  /** Of one byte there and back on an open connection, ms. */
  readonly roundTripMs: { readonly p50: number; readonly p99: number };
  readonly pingCpu: CpuShares;
  readonly pingCarried: boolean;
  /** From the dial to the first byte that came back, ms. */
  readonly connectMs: { readonly p50: number; readonly p99: number };
  readonly streams: readonly { readonly streams: number; readonly mbit: number; readonly cpu: CpuShares }[];
}

/** Medians of the rounds, and of each round's difference from, or ratio to, its own `direct`. */
export interface HopSummary {
  readonly arm: HopArm;
  readonly roundTripMs: { readonly p50: number; readonly p99: number };
  readonly addedMs: { readonly p50: number; readonly p99: number };
  readonly connectMs: { readonly p50: number; readonly p99: number };
  readonly connectAddedMs: { readonly p50: number; readonly p99: number };
  readonly streams: readonly {
    readonly streams: number;
    readonly mbit: number;
    readonly ratio: number;
    readonly cpu: number;
  }[];
}

export interface HopFigures {
  readonly samples: number;
  readonly connects: number;
  readonly streamSeconds: number;
  readonly capacityMbit: number;
  readonly summaries: readonly HopSummary[];
  readonly rounds: readonly HopRound[];
}

/** Never reached on any machine of two cores, and still a token bucket that every byte goes through. */
const CAPACITY_MBIT = 20_000;
const QUEUE_BYTES = 16_000_000;
const STREAMS = [1, 4, 16] as const;
const WARM_UP_MS = 700;
const LANE = 'hop';

export async function measureHop({ engine, quick, progress }: BenchmarkOptions): Promise<HopFigures> {
  const [samples, connects, streamSeconds, count] = quick ? [1000, 50, 1, 2] : [5000, 300, 2, 5];
  const routers = ['unshaped', 'queue'].map((id) => ({ id, mbit: CAPACITY_MBIT, queueBytes: QUEUE_BYTES }));
  const plan = await planOf(engine, 'fast', (whole, block) => lanePlan(whole, block, [{ id: LANE, routers }]));
  await using lab = await startLab(engine, plan);
  await takeQueueAway(lab, 'unshaped');
  await openDirectPath(lab, engine);
  const { docker } = engine;
  const sink = await Program.start(docker, lab.containerId(sinkOf(LANE)), 'sink.ts', [SINK_PORT]);
  const pings = await Program.start(docker, lab.containerId(sourceOf(LANE)), 'ping-pong.ts');
  const rounds: HopRound[] = [];
  for (let round = 0; round < count; round += 1) {
    for (let i = 0; i < HOP_ARMS.length; i += 1) {
      const arm = HOP_ARMS[(i + round) % HOP_ARMS.length] ?? 'direct';
      const [host, port] = targetOf(lab, arm);
      const cpu = watchCpu();
      const roundTrips = await pings.ask<number[]>(`ping ${host} ${port} ${samples}`);
      const pingCpu = cpu();
      const dials = await pings.ask<number[]>(`connect ${host} ${port} ${connects}`);
      const streams: HopRound['streams'][number][] = [];
      for (const number of STREAMS) streams.push(await throughput(lab, sink, host, port, number, streamSeconds));
      const done: HopRound = {
        arm,
        round,
        roundTripMs: quantiles(roundTrips),
        pingCpu,
        pingCarried: carried(pingCpu),
        connectMs: quantiles(dials),
        streams,
      };
      progress(inWords(done));
      rounds.push(done);
    }
  }
  const summaries = HOP_ARMS.map((arm) => summaryOf(arm, rounds));
  return { samples, connects, streamSeconds, capacityMbit: CAPACITY_MBIT, summaries, rounds };
}

const quantiles = (times: readonly number[]): { p50: number; p99: number } => ({
  p50: digits(percentile(times, 0.5), 4),
  p99: digits(percentile(times, 0.99), 4),
});

function targetOf(lab: Lab, arm: HopArm): [string, number] {
  const link = lab.plan.links.find((one) => one.router === (arm === 'direct' ? 'queue' : arm));
  if (link === undefined) throw new Error(`no link for ${arm}`);
  return arm === 'direct' ? [link.upstream.ip, link.upstream.port] : [link.listen.ip, link.listen.port];
}

/** Nothing is redirected to the queue any more: packets leave as the kernel sends them. */
async function takeQueueAway(lab: Lab, router: string): Promise<void> {
  const line =
    'for dev in /sys/class/net/eth*; do tc qdisc del dev "$(basename $dev)" clsact 2> /dev/null || true; done; tc filter show dev eth1 egress';
  const left = await runInside(lab.docker, await shellOf(lab, router), ['sh', '-c', line]);
  if (left.trim() !== '') throw new Error(`${router} still has filters: ${left}`);
}

/** Takes the two containers' ports on the bridge out of isolation, and sees that they reach one another. */
async function openDirectPath(lab: Lab, engine: Engine): Promise<void> {
  const { docker, images, sessionLabels } = engine;
  const helper = await startHelper(docker, {
    image: images.runtime,
    name: `zonestorm-${lab.runId}-open`,
    labels: { ...labelsOf(lab.runId, { [LABELS.role]: 'helper' }), ...sessionLabels },
    networkMode: 'host',
  });
  for (const id of [sourceOf(LANE), sinkOf(LANE)]) {
    const index = (await runInside(docker, lab.containerId(id), ['cat', '/sys/class/net/eth0/iflink'])).trim();
    // 7: veth1a2b3c@if6: <BROADCAST…
    const line = `bridge link set dev "$(ip -o link | sed -n 's/^${index}: \\([^@]*\\)@.*/\\1/p')" isolated off`;
    await runInside(docker, helper, ['sh', '-c', line]);
  }
}

interface Mark {
  readonly t: number;
  readonly bytes: number;
}

/** Payload at the receiver. Two cores send, forward and receive, so it is the machine's limit as much as the hop's. */
async function throughput(
  lab: Lab,
  sink: Program,
  host: string,
  port: number,
  streams: number,
  seconds: number,
): Promise<HopRound['streams'][number]> {
  await using _flood = await Program.start(lab.docker, lab.containerId(sourceOf(LANE)), 'flood.ts', [
    host,
    port,
    streams,
  ]);
  await delay(WARM_UP_MS);
  const cpu = watchCpu();
  const from = await sink.ask<Mark>('mark');
  await delay(seconds * 1000);
  const to = await sink.ask<Mark>('mark');
  const shares = cpu();
  await sink.ask<Mark>('reset');
  return { streams, mbit: digits(((to.bytes - from.bytes) * 8) / 1000 / (to.t - from.t), 4), cpu: shares };
}

function summaryOf(arm: HopArm, rounds: readonly HopRound[]): HopSummary {
  const own = rounds.filter((one) => one.arm === arm);
  const pairs = own.map((one) => {
    const direct = rounds.find((other) => other.arm === 'direct' && other.round === one.round);
    if (direct === undefined) throw new Error('a round without its direct path');
    return { one, direct };
  });
  const both = (pick: (p: 'p50' | 'p99') => number[]): { p50: number; p99: number } => ({
    p50: digits(median(pick('p50')), 4),
    p99: digits(median(pick('p99')), 4),
  });
  return {
    arm,
    roundTripMs: both((p) => own.map((one) => one.roundTripMs[p])),
    addedMs: both((p) => pairs.map(({ one, direct }) => one.roundTripMs[p] - direct.roundTripMs[p])),
    connectMs: both((p) => own.map((one) => one.connectMs[p])),
    connectAddedMs: both((p) => pairs.map(({ one, direct }) => one.connectMs[p] - direct.connectMs[p])),
    streams: STREAMS.map((streams, i) => ({
      streams,
      mbit: digits(median(own.map((one) => one.streams[i]?.mbit ?? Number.NaN)), 4),
      ratio: digits(
        median(pairs.map(({ one, direct }) => (one.streams[i]?.mbit ?? 0) / (direct.streams[i]?.mbit ?? Number.NaN))),
        3,
      ),
      cpu: digits(median(own.map((one) => one.streams[i]?.cpu.busy ?? Number.NaN)), 3),
    })),
  };
}

const inWords = ({ arm, round, roundTripMs, connectMs, pingCpu, streams }: HopRound): string =>
  `round ${round + 1}, ${arm}: round trip ${roundTripMs.p50.toFixed(3)} / ${roundTripMs.p99.toFixed(3)} ms ` +
  `(CPU ${(pingCpu.busy * 100).toFixed(0)} %), connect and first byte ${connectMs.p50.toFixed(2)} / ${connectMs.p99.toFixed(2)} ms, ` +
  streams.map((one) => `${one.streams}: ${one.mbit} Mbit/s (${(one.cpu.busy * 100).toFixed(0)} %)`).join(', ');
