import type { Plan, PlanContainer, PlanFault, PlanRouter, PlanVolume } from '../../../harness/scenario/plan.ts';

/** Zone `use1-a` with nodes a1…a4 and four volumes, zone `use1-b` with b1, b2 and one: small enough to check by hand. */
export const SMALL_VOLUMES: readonly PlanVolume[] = [
  { id: 'va1', zone: 'use1-a', primary: 'a1', mirror: 'a2' },
  { id: 'va2', zone: 'use1-a', primary: 'a2', mirror: 'a3' },
  { id: 'va3', zone: 'use1-a', primary: 'a3', mirror: 'a4' },
  { id: 'va4', zone: 'use1-a', primary: 'a4', mirror: 'a1' },
  { id: 'vb1', zone: 'use1-b', primary: 'b1', mirror: 'b2' },
];

/** A fault with the few fields that a test is about, the rest plain. */
export const planFault = (id: string, more: Partial<PlanFault> = {}): PlanFault => ({
  kind: id.replace(/-[\d.]+$/, ''),
  id,
  description: `${id} was there`,
  atSeconds: 0,
  forSeconds: null,
  targets: { zone: 'use1-a', routers: [], links: [], containers: [] },
  silences: [],
  losesPartnersOf: null,
  experience: null,
  limitsDiskTo: null,
  settings: {},
  ...more,
});

/** A misroute of these nodes of `use1-a`. */
export const misrouteOf = (nodes: readonly string[], id = 'misroute-1'): PlanFault =>
  planFault(id, {
    description: `the bytes to ${nodes.join(' and ')} took the replication network`,
    targets: { zone: 'use1-a', routers: ['a-primary', 'a-replication'], links: [], containers: nodes },
    losesPartnersOf: nodes,
    settings: { connections: 'kept' },
  });

export const MISROUTE: PlanFault = misrouteOf(['a1']);

export interface PlanOptions {
  readonly faults?: readonly PlanFault[];
  readonly volumes?: readonly PlanVolume[];
  readonly nodesPerZone?: Readonly<Record<string, number>>;
  readonly slotsPerNode?: number;
  readonly expectations?: readonly string[];
  readonly detectorMs?: number;
  readonly capacityMbit?: { readonly primary: number; readonly replication: number };
}

/** A plan with phases baseline (10 s), fault (2 s) and storm (until mirrored, at most 30 s). */
export function smallPlan(options: PlanOptions = {}): Plan {
  const volumes = options.volumes ?? SMALL_VOLUMES;
  const nodesPerZone = options.nodesPerZone ?? { 'use1-a': 4, 'use1-b': 2 };
  const zones = Object.keys(nodesPerZone);
  const capacity = options.capacityMbit ?? { primary: 100, replication: 8 };
  return {
    schemaVersion: 2,
    scenario: { name: 'small', file: 'small.yaml', title: 'A small misroute' },
    topology: { file: 'small-topology.yaml' },
    preset: 'fast',
    seed: 7,
    overrides: {},
    parameters: [
      { name: 'storage.detector', value: 750, unit: 'ms', origin: 'chosen', why: 'Short enough for a short fault.' },
      {
        name: 'storage.copies',
        value: 2,
        unit: '',
        origin: 'stated',
        why: 'Volume data is replicated to several nodes: https://aws.amazon.com/message/65648/.',
      },
    ],
    zones: zones.map((id) => ({ id, planes: [] })),
    routers: zones.flatMap((zone) => [routerOf(zone, 'primary', capacity), routerOf(zone, 'replication', capacity)]),
    containers: [
      ...zones.flatMap((zone) => containersOf(zone, nodesPerZone[zone] ?? 0)),
      container('control-plane', 'region', 'control-plane'),
    ],
    links: [],
    witnesses: [],
    volumes,
    databases: [],
    multiZoneDatabases: [],
    storage: {
      volumeBytes: 1 << 20,
      slotsPerNode: options.slotsPerNode ?? 3,
      detectorMs: options.detectorMs ?? 750,
      heartbeatMs: 250,
      leaseMs: 1500,
      promoteRetryMs: 1000,
      copyChunkBytes: 65536,
      copyWindowChunks: 2,
      searchParallel: 4,
      searchTimeoutMs: 1000,
      searchServiceMinMs: 12,
      searchServiceMaxMs: 16,
      controlPlaneWorkers: 16,
      controlQueueLimit: 4096,
      dropExpired: 0,
      poolPerZone: 0,
      electionWorkers: 0,
      storeServiceMs: 0,
      createTimeoutMs: 15_000,
      createRetryMs: 250,
      snapshotTimeoutMs: 15_000,
      snapshotEveryMs: 0,
      snapshotStuck: 0,
      acknowledgeBeforeMirrorMs: 0,
      raceCloses: 15,
      raceWindowMs: 100,
      raceProbability: 0,
      searchBackoffBaseMs: 0,
      searchBackoffCapMs: 8000,
      reattachMs: 0,
      resyncsPerNode: 0,
      remirrorWaitMs: 0,
      remirrorStopShare: 1,
      readmitPerSecond: 0,
    },
    load: {
      ioPerSecondPerVolume: 2,
      writeShare: 0.875,
      writeBytes: 65536,
      fuaShare: 0.1,
      flushShare: 0,
      queueDepth: 64,
      appRequestsPerSecond: 20,
      appWriteShare: 0.5,
      appVolumes: 2,
      appTimeoutMs: 5000,
      apiCallsPerSecond: 0,
      apiCreateShare: 0.2,
      apiSnapshotShare: 0,
      apiTimeoutMs: 3000,
      databases: 0,
      databaseVolumes: 4,
      databaseStripeBytes: 4096,
      databaseTransactionsPerSecond: 0,
      databaseTimeoutMs: 2000,
      multiZoneDatabases: 0,
      multiZonePartedMs: 1000,
      multiZoneHungMs: 4000,
      failoverWitness: 0,
    },
    phases: [
      { name: 'baseline', seconds: 10, until: null, atMostSeconds: null, faults: [], actions: [] },
      {
        name: 'misroute',
        seconds: 2,
        until: null,
        atMostSeconds: null,
        faults: options.faults ?? [MISROUTE],
        actions: [],
      },
      { name: 'storm', seconds: null, until: 'mirrored', atMostSeconds: 30, faults: [], actions: [] },
    ],
    expectations: (options.expectations ?? []).map((text, index) => ({ text, file: 'small.yaml', line: 20 + index })),
  };
}

const short = (zone: string): string => zone.slice(zone.lastIndexOf('-') + 1);

function routerOf(
  zone: string,
  plane: PlanRouter['plane'],
  capacity: { readonly primary: number; readonly replication: number },
): PlanRouter {
  const management = { network: `${zone}-management`, subnet: '198.18.0.0/28', ip: '198.18.0.2' };
  const base = { zone, plane, queueBytes: 2_250_000, management, attachments: [] };
  return { ...base, id: `${short(zone)}-${plane}`, capacityMbit: capacity[plane] };
}

function containersOf(zone: string, nodes: number): readonly PlanContainer[] {
  const name = short(zone);
  return [
    ...Array.from({ length: nodes }, (_, index) => container(`${name}${index + 1}`, zone, 'node')),
    container(`${name}-instances`, zone, 'instances'),
    container(`${name}-app`, zone, 'app'),
    container(`${name}-gauge`, zone, 'gauge'),
  ];
}

const container = (id: string, zone: string, role: PlanContainer['role']): PlanContainer => ({
  id,
  service: id,
  zone,
  role,
  command: [],
  attachments: [],
  disks: [],
});
