import type { ContainerConfig } from '../../../harness/scenario/container-config.ts';
import type { LoadSettings, StorageSettings } from '../../../harness/scenario/plan.ts';

/** Times short enough for a test and long enough for a busy machine. */
const STORAGE: StorageSettings = {
  volumeBytes: 256 * 1024,
  slotsPerNode: 4,
  detectorMs: 400,
  heartbeatMs: 80,
  leaseMs: 500,
  promoteRetryMs: 100,
  copyChunkBytes: 16 * 1024,
  copyWindowChunks: 2,
  searchParallel: 2,
  searchTimeoutMs: 500,
  searchServiceMinMs: 4,
  searchServiceMaxMs: 6,
  controlPlaneWorkers: 4,
  controlQueueLimit: 4096,
  dropExpired: 0,
  poolPerZone: 0,
  electionWorkers: 0,
  storeServiceMs: 0,
  createTimeoutMs: 2000,
  createRetryMs: 50,
  snapshotTimeoutMs: 2000,
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
};

const LOAD: LoadSettings = {
  ioPerSecondPerVolume: 0,
  writeShare: 0,
  writeBytes: 4096,
  fuaShare: 0,
  flushShare: 0,
  queueDepth: 1,
  appRequestsPerSecond: 0,
  appWriteShare: 0,
  appVolumes: 0,
  appTimeoutMs: 1000,
  apiCallsPerSecond: 0,
  apiCreateShare: 0,
  apiSnapshotShare: 0,
  apiTimeoutMs: 1000,
  databases: 0,
  databaseVolumes: 4,
  databaseStripeBytes: 4096,
  databaseTransactionsPerSecond: 0,
  databaseTimeoutMs: 2000,
  multiZoneDatabases: 0,
  multiZonePartedMs: 1000,
  multiZoneHungMs: 4000,
  failoverWitness: 0,
};

/** A program's configuration with nothing in it but what the test gives. */
export function testConfig(
  given: Partial<Omit<ContainerConfig, 'storage'>> & { readonly storage?: Partial<StorageSettings> },
): ContainerConfig {
  const { storage, ...rest } = given;
  const empty = {
    id: 'a',
    zone: 'z',
    seed: 1,
    addresses: {},
    links: {},
    nodes: [],
    volumes: [],
    databases: [],
    multiZoneDatabases: [],
    load: LOAD,
  };
  const nodesOfZones = { [rest.zone ?? 'z']: rest.nodes ?? [] };
  return { ...empty, nodesOfZones, ...rest, storage: { ...STORAGE, ...storage } };
}
