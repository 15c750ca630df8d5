import type { HistoryRecord, IoRecord, NodeRecord } from '../../../harness/history/records.ts';
import { PAYLOAD_OF_FRAME } from '../../../harness/measure/queues.ts';
import type { Plan, PlanVolume } from '../../../harness/scenario/plan.ts';
import * as make from './record-builders.ts';
import { MISROUTE, misrouteOf, smallPlan } from './small-plan.ts';

/**
 * A synthetic history in the shape of a `fast` run, for tests of the reports and for breaking on purpose. It is a
 * fixture and imitates what a run's records look like; it says nothing about how the storage behaves.
 */
export interface RealisticRun {
  readonly plan: Plan;
  readonly records: readonly HistoryRecord[];
}

export interface RealisticOptions {
  readonly expectations?: readonly string[];
  /** Seconds after the trigger at which the first copy is whole: 20 by default. */
  readonly firstCopySeconds?: number;
  /** Seconds the record goes on after the trigger: 45 by default. */
  readonly afterSeconds?: number;
  readonly busyShare?: number;
}

const NODES = 8;
const VOLUMES = 60;
const SLOTS = 17;
const MISROUTED = ['a1', 'a2'];
const BASELINE_T = 100_000;
const FAULT_T = 108_000;
const RESTORED_T = 110_600;
const DRAINED_T = 112_400;

interface Fate {
  readonly volume: PlanVolume;
  readonly lostT: number;
  readonly electedT: number;
  readonly confirmedT: number;
  readonly home: string;
}

export function realisticRun(options: RealisticOptions = {}): RealisticRun {
  const volumes = [...place('use1-a', 'a', NODES, VOLUMES), ...place('use1-b', 'b', 2, 12)];
  const plan = smallPlan({
    volumes,
    nodesPerZone: { 'use1-a': NODES, 'use1-b': 2 },
    slotsPerNode: SLOTS,
    capacityMbit: { primary: 180, replication: 9 },
    faults: [misrouteOf(MISROUTED)],
    expectations: options.expectations ?? [
      'D > F',
      'storm.stuckShare(at: trigger.end + 10s) = (D − F) / V ± 5 points',
      'app.b.availability >= 99 %',
      'ledger.lost = 0',
    ],
  });
  const endT = DRAINED_T + (options.afterSeconds ?? 45) * 1000;
  const random = mulberry(11);
  const fates = decideFates(volumes, (options.firstCopySeconds ?? 20) * 1000);
  const io = blockIo(plan, fates, endT, random);
  const records: HistoryRecord[] = [
    make.runStart(BASELINE_T - 5000),
    ...make.phase('baseline', BASELINE_T, FAULT_T - 5),
    ...make.phase('misroute', FAULT_T - 5, RESTORED_T + 5),
    ...make.phase('storm', RESTORED_T + 5, endT),
    make.fault(MISROUTE.id, 'applied', FAULT_T),
    make.fault(MISROUTE.id, 'reverted', RESTORED_T),
    make.triggerEnd(RESTORED_T, DRAINED_T),
    ...fates.flatMap((fate) => storyOf(fate, endT)),
    ...detections(volumes),
    ...nodeStats(plan, fates, endT),
    ...io,
    ...requests(plan, fates, endT, random),
    ...queues(plan, fates, endT, random),
    ...ledgers(plan, fates, endT, io),
    ...make.gaugePaths(plan, BASELINE_T - 4000),
    make.finalState(endT + 100),
    make.runEnd(endT + 6000),
  ];
  for (let t = BASELINE_T - 1000; t < endT + 1000; t += 500) {
    for (const { zone, plane } of plan.routers) records.push(make.gauge(`${zone.slice(-1)}-gauge`, plane, t));
  }
  for (let t = BASELINE_T; t < endT; t += 1000) {
    records.push(make.host(t, (options.busyShare ?? 0.42) + 0.08 * random(), 4 + 6 * random()));
    records.push({
      kind: 'control',
      source: 'control-plane',
      t,
      busyWorkers: 1,
      queued: 0,
      queueMaxMs: 2,
      served: 9,
      lagP99Ms: 3,
    });
  }
  return { plan, records: records.toSorted((a, b) => a.t - b.t) };
}

/** Pairs of nodes in turn, so that every node holds as many replicas as the others, give or take one. */
function place(zone: string, prefix: string, nodes: number, count: number): readonly PlanVolume[] {
  const pairs: [number, number][] = [];
  for (let step = 1; step < nodes; step += 1) {
    for (let first = 0; first < nodes; first += 1) pairs.push([first, (first + step) % nodes]);
  }
  return Array.from({ length: count }, (_, index) => {
    const [primary, mirror] = pairs[index % pairs.length] ?? [0, 1];
    return { id: `v${prefix}${index + 1}`, zone, primary: `${prefix}${primary + 1}`, mirror: `${prefix}${mirror + 1}` };
  });
}

const isLost = (volume: PlanVolume): boolean => MISROUTED.includes(volume.primary) || MISROUTED.includes(volume.mirror);
const FREE = SLOTS * NODES - 2 * VOLUMES;

/** The first F lost volumes find room within half a second; the others when an earlier one is mirrored again. */
function decideFates(volumes: readonly PlanVolume[], firstCopyMs: number): readonly Fate[] {
  const lost = volumes.filter(isLost);
  const fates: Fate[] = [];
  for (const [index, volume] of lost.entries()) {
    const lostT = FAULT_T + 900 + ((index * 37) % 400);
    const before = fates[index - FREE];
    const electedT = before === undefined ? lostT + 150 + ((index * 53) % 300) : before.confirmedT + 250;
    // The first F copy side by side over the thin network and end close together; those after them have more of it.
    const confirmedT = before === undefined ? DRAINED_T + firstCopyMs + index * 400 : electedT + 7000 + index * 60;
    const home = `a${3 + (index % 6)}`;
    fates.push({ volume, lostT, electedT, confirmedT, home });
  }
  return fates;
}

function storyOf({ volume, lostT, electedT, confirmedT, home }: Fate, endT: number): readonly HistoryRecord[] {
  const { id, primary, mirror } = volume;
  const story = [
    make.volume(id, 'partner-lost', lostT, primary, { peer: mirror }),
    make.volume(id, 'partner-lost', lostT + 40, mirror, { peer: primary, role: 'mirror' }),
    make.volume(id, 'searching', lostT + 1, primary),
    make.volume(id, 'elected', electedT, primary, { epoch: 2, peer: home }),
    make.volume(id, 'confirmed', confirmedT, primary, { epoch: 2, peer: home }),
    make.volume(id, 'released', confirmedT + 200, mirror, { role: 'mirror' }),
  ];
  const elections = (['elected', 'confirmed'] as const).map((event) => ({
    kind: 'election' as const,
    source: 'control-plane',
    t: event === 'elected' ? electedT : confirmedT,
    volume: id,
    epoch: 2,
    event,
    primary,
    mirror: event === 'confirmed' ? home : null,
    joining: event === 'elected' ? home : null,
  }));
  return [...story, ...elections].filter((record) => record.t < endT);
}

const detections = (volumes: readonly PlanVolume[]): readonly HistoryRecord[] =>
  [
    ...new Set(
      volumes.filter(isLost).flatMap(({ primary, mirror }) => [`${primary} ${mirror}`, `${mirror} ${primary}`]),
    ),
  ].map((pair, index) => {
    const [source = '', peer = ''] = pair.split(' ');
    const silenceMs = 760 + ((index * 29) % 300);
    return { kind: 'detector', source, t: FAULT_T + 880 + index, peer, state: 'lost', silenceMs };
  });

function nodeStats(plan: Plan, fates: readonly Fate[], endT: number): readonly HistoryRecord[] {
  const records: HistoryRecord[] = [];
  const nodes = plan.containers.filter((container) => container.role === 'node');
  for (const [index, { id, zone }] of nodes.entries()) {
    const replicas = plan.volumes.filter(({ primary, mirror }) => primary === id || mirror === id).length;
    const homed = fates.filter((fate) => fate.home === id);
    let searchAttempts = 0;
    let primary = 0;
    let replication = 0;
    let copyReceivedBytes = 0;
    for (let t = BASELINE_T - 2000 + index * 60; t < endT + 3000; t += 500) {
      const stuck = fates.filter(({ volume, lostT, electedT }) => volume.primary === id && lostT <= t && electedT > t);
      const mine = homed.filter(({ electedT, confirmedT }) => electedT <= t && confirmedT > t);
      const isDiverted = MISROUTED.includes(id) && t > FAULT_T + 500 && t <= RESTORED_T;
      searchAttempts += stuck.length * 22;
      primary += isDiverted ? 0.5 * (3.9e6 / 8) : 0.5 * (9e6 / 8);
      replication += 4000 + (t <= DRAINED_T ? 0 : mine.length * 30_000);
      copyReceivedBytes += t <= DRAINED_T ? 0 : mine.length * 30_000;
      const more: Partial<NodeRecord> = {
        slotsTotal: SLOTS,
        slotsFree: Math.max(
          0,
          zone === 'use1-a' ? SLOTS - replicas - homed.filter((fate) => fate.electedT <= t).length : 5,
        ),
        stuck: stuck.length,
        mirrored: 7 - stuck.length,
        searchAttempts,
        searchAnswered: searchAttempts,
        searchRefused: Math.round(searchAttempts * 0.95),
        copyReceivedBytes,
        receivedBytes: { primary, replication },
        interfaceBytes: { primary: (primary * 1514) / 1448, replication: (replication * 1514) / 1448 },
        silenceMaxMs: t > FAULT_T && t < DRAINED_T ? 1900 : 270,
        lagP99Ms: 5 + (t % 7),
      };
      records.push(make.node(id, t, more));
    }
  }
  return records;
}

/** When I/O on a volume that would begin at `t` ends: after the election if it falls into the blocked stretch. */
const answerT = (fate: Fate | undefined, t: number, plainMs: number): number =>
  fate !== undefined && t >= fate.lostT - 700 && t < fate.electedT ? fate.electedT + plainMs : t + plainMs;

function blockIo(plan: Plan, fates: readonly Fate[], endT: number, random: () => number): readonly HistoryRecord[] {
  const records: HistoryRecord[] = [];
  const byVolume = new Map(fates.map((fate) => [fate.volume.id, fate]));
  for (const [zone, source] of [
    ['use1-a', 'a-instances'],
    ['use1-b', 'b-instances'],
  ] as const) {
    const ops: IoRecord['ops'][number][] = [];
    for (const { id } of plan.volumes.filter((volume) => volume.zone === zone)) {
      for (let t = BASELINE_T + 500 * random(); t < endT; t += 400 + 400 * random()) {
        const ended = answerT(byVolume.get(id), t, 2 + 6 * random());
        ops.push([id, random() < 0.875 ? 'write' : 'read', t, ended, 'ok', null]);
      }
    }
    for (let t = BASELINE_T + 500; t <= endT + 500; t += 500) {
      const done = ops.filter(([, , , ended]) => ended > t - 500 && ended <= t);
      records.push(make.io(source, t, done));
    }
    const open = ops.filter(([, , , ended]) => ended > endT + 500);
    records.push({
      kind: 'io.unfinished',
      source,
      t: endT + 500,
      ops: open.map(([id, op, intended]) => [id, op, intended]),
    });
  }
  return records;
}

function requests(plan: Plan, fates: readonly Fate[], endT: number, random: () => number): readonly HistoryRecord[] {
  const records: HistoryRecord[] = [];
  for (const zone of ['use1-a', 'use1-b']) {
    const volumes = plan.volumes.filter((volume, index) => volume.zone === zone && index % 6 === 3);
    const app = `${zone.slice(-1)}-app`;
    for (let t = BASELINE_T + 20; t < endT; t += 50) {
      const volume = volumes[Math.floor(random() * volumes.length)];
      const fate = fates.find((candidate) => candidate.volume.id === volume?.id);
      const ended = answerT(fate, t, 4 + 12 * random() ** 3);
      const isLate = ended - t > 5000;
      records.push({
        ...make.request(zone, t, isLate ? t + 5000 : ended, isLate ? 'unknown' : 'ok'),
        reason: isLate ? 'timeout' : null,
      } as HistoryRecord);
    }
    for (let t = BASELINE_T; t < endT; t += 500) {
      records.push({
        kind: 'app',
        source: app,
        t,
        requests: 10,
        inFlight: 1,
        receivedBytes: { primary: 0, replication: 0 },
        lagP99Ms: 4,
      });
    }
  }
  return records;
}

function queues(plan: Plan, fates: readonly Fate[], endT: number, random: () => number): readonly HistoryRecord[] {
  const records: HistoryRecord[] = [];
  for (const { id, plane, zone } of plan.routers) {
    let frames = 0;
    for (let t = BASELINE_T - 1000; t < endT + 1000; t += 100) {
      const misrouting = zone === 'use1-a' && t > FAULT_T && t <= DRAINED_T;
      const copying = fates.some(({ electedT, confirmedT }) => electedT <= t && confirmedT > t);
      let mbit = plane === 'primary' ? (zone === 'use1-a' ? 84 : 21) + 6 * random() : 0.25;
      if (misrouting && plane === 'primary') mbit -= t <= RESTORED_T ? 22 : 0;
      if (plane === 'replication' && zone === 'use1-a' && (misrouting || copying)) mbit = 8.8 + 0.2 * random();
      frames += (mbit * 1e5) / 8 / PAYLOAD_OF_FRAME;
      const backlog =
        misrouting && plane === 'replication' ? Math.max(0, 2_250_000 - Math.max(0, t - RESTORED_T) * 1250) : 0;
      records.push(
        make.queue(id, t, Math.round(frames), Math.round(backlog), misrouting ? Math.round((t - FAULT_T) / 20) : 0),
      );
    }
  }
  return records;
}

function ledgers(
  plan: Plan,
  fates: readonly Fate[],
  endT: number,
  io: readonly HistoryRecord[],
): readonly HistoryRecord[] {
  const ops = io.flatMap((record) => (record.kind === 'io' ? record.ops : []));
  const written = Map.groupBy(
    ops.filter(([, op]) => op === 'write'),
    ([volume]) => volume,
  );
  const byVolume = new Map(fates.map((fate) => [fate.volume.id, fate]));
  return plan.volumes.flatMap(({ id, primary, mirror }, index): readonly HistoryRecord[] => {
    const fate = byVolume.get(id);
    const isElected = fate !== undefined && fate.electedT < endT;
    const isConfirmed = isElected && fate.confirmedT < endT;
    const epoch = isElected ? 2 : 1;
    const partner = isConfirmed ? fate.home : isElected ? null : mirror;
    const extents = [0, 1, 2, 3].map((extent): [number, number] => [extent, 10 + index + extent]);
    const replica = (nodeId: string): HistoryRecord => ({
      kind: 'replica',
      source: 'reader',
      t: endT + 4000,
      node: nodeId,
      volume: id,
      slot: 0,
      epoch,
      extentBytes: 65536,
      extents: extents.map(([extent, sequence]) => [extent, sequence, sequence, 0]),
    });
    const acknowledged = written.get(id)?.length ?? 0;
    return [
      { kind: 'ledger', source: 'instances', t: endT + 600, volume: id, extentBytes: 65536, extents, acknowledged },
      {
        kind: 'membership',
        source: 'reader',
        t: endT + 4000,
        volume: id,
        epoch,
        primary,
        mirror: partner,
        joining: null,
      },
      replica(primary),
      ...(partner === null ? [] : [replica(partner)]),
    ];
  });
}

/** A small seeded generator (mulberry32), so that the fixture is the same every time. */
function mulberry(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let x = Math.imul(state ^ (state >>> 15), 1 | state);
    x = (x + Math.imul(x ^ (x >>> 7), 61 | x)) ^ x;
    return ((x ^ (x >>> 14)) >>> 0) / 4294967296;
  };
}
