import type { LoadSettings, StorageSettings } from './plan.ts';
import {
  parseBoolean,
  parseBytes,
  parseCount,
  parseMbit,
  parseNumber,
  parseSeconds,
  parseShare,
  QuantityError,
  type Scalar,
} from './quantity.ts';

/** How a parameter's value is read, and the unit that the plan shows it in. No values: those are in scenarios. */
export interface ParameterKind<T extends number | boolean | string = number | boolean | string> {
  readonly unit: string;
  /** @throws QuantityError when it does not fit. */
  parse(raw: Scalar): T;
}

/** `…Ms` and `…Bytes` name their unit, so a bare number is allowed there; whole units only. */
const milliseconds = (minimum: number): ParameterKind<number> => ({
  unit: 'ms',
  parse(raw) {
    const ms = Number((parseSeconds(raw, 'ms') * 1000).toPrecision(12));
    if (ms < minimum) throw new QuantityError(`a duration of at least ${minimum} ms`);
    return ms;
  },
});
const bytes: ParameterKind<number> = { unit: 'bytes', parse: (raw) => parseBytes(raw, 'B') };
const share: ParameterKind<number> = { unit: 'share', parse: parseShare };
const count = (unit: string, minimum: number, maximum: number): ParameterKind<number> => ({
  unit,
  parse: (raw) => parseCount(raw, minimum, maximum),
});
const rate = (unit: string): ParameterKind<number> => ({ unit, parse: (raw) => parseNumber(raw, 0) });
const rule = (...words: readonly string[]): ParameterKind<string> => ({
  unit: 'rule',
  parse(raw) {
    if (!words.includes(String(raw))) throw new QuantityError(`${words.join(' or ')} (nothing else is built)`);
    return String(raw);
  },
});

export const SECONDS: ParameterKind<number> = { unit: 's', parse: (raw) => parseSeconds(raw) };
export const MBIT: ParameterKind<number> = { unit: 'Mbit/s', parse: parseMbit };
export const BYTES = bytes;
export const SWITCH: ParameterKind<boolean> = { unit: 'switch', parse: parseBoolean };
/** Above this the engine's start-up alone takes minutes, and a /26 network is full. */
export const NODES = count('nodes', 2, 50);
export const SPARES = count('nodes', 0, 20);
export const VOLUMES = count('volumes', 0, 10_000);
export const PICKED = count('nodes', 1, 50);

/** The replication capacity of every zone at once: `primary` lifts it to that of the primary plane. */
export const THIN_CAPACITY: ParameterKind = {
  unit: 'Mbit/s',
  parse(raw) {
    if (raw === 'primary') return raw;
    try {
      return parseMbit(raw);
    } catch (error) {
      if (error instanceof QuantityError) throw new QuantityError(`\`primary\`, or ${error.expected}`);
      throw error;
    }
  },
};

export const STORAGE_KINDS = {
  volumeBytes: bytes,
  slotsPerNode: count('slots', 1, 10_000),
  detectorMs: milliseconds(1),
  heartbeatMs: milliseconds(1),
  leaseMs: milliseconds(1),
  promoteRetryMs: milliseconds(1),
  copyChunkBytes: bytes,
  copyWindowChunks: count('chunks', 1, 1024),
  searchParallel: count('attempts', 1, 1024),
  searchTimeoutMs: milliseconds(1),
  searchServiceMinMs: milliseconds(0),
  searchServiceMaxMs: milliseconds(0),
  controlPlaneWorkers: count('workers', 1, 1024),
  controlQueueLimit: count('calls', 0, 100_000),
  dropExpired: count('0 or 1', 0, 1),
  poolPerZone: count('0 or 1', 0, 1),
  electionWorkers: count('workers', 0, 1024),
  storeServiceMs: milliseconds(0),
  createTimeoutMs: milliseconds(1),
  createRetryMs: milliseconds(1),
  snapshotTimeoutMs: milliseconds(1),
  snapshotEveryMs: milliseconds(0),
  snapshotStuck: count('0 or 1', 0, 1),
  acknowledgeBeforeMirrorMs: milliseconds(0),
  raceCloses: count('closes', 1, 100_000),
  raceWindowMs: milliseconds(1),
  raceProbability: share,
  searchBackoffBaseMs: milliseconds(0),
  searchBackoffCapMs: milliseconds(1),
  reattachMs: milliseconds(0),
  resyncsPerNode: count('copies', 0, 10_000),
  remirrorWaitMs: milliseconds(0),
  remirrorStopShare: share,
  readmitPerSecond: rate('volumes/s'),
} satisfies Record<keyof StorageSettings, ParameterKind<number>>;

export const LOAD_KINDS = {
  ioPerSecondPerVolume: rate('operations/s'),
  writeShare: share,
  writeBytes: bytes,
  fuaShare: share,
  flushShare: share,
  queueDepth: count('operations', 1, 100_000),
  appRequestsPerSecond: rate('requests/s'),
  appWriteShare: share,
  appVolumes: count('volumes', 1, 10_000),
  appTimeoutMs: milliseconds(1),
  apiCallsPerSecond: rate('calls/s'),
  apiCreateShare: share,
  apiSnapshotShare: share,
  apiTimeoutMs: milliseconds(1),
  databases: count('databases', 0, 1000),
  databaseVolumes: count('volumes', 1, 100),
  databaseStripeBytes: bytes,
  databaseTransactionsPerSecond: rate('transactions/s'),
  databaseTimeoutMs: milliseconds(1),
  multiZoneDatabases: count('databases', 0, 20),
  multiZonePartedMs: milliseconds(1),
  multiZoneHungMs: milliseconds(1),
  failoverWitness: count('0 or 1', 0, 1),
} satisfies Record<keyof LoadSettings, ParameterKind<number>>;

/**
 * Rules that the fixtures are built with. They cannot be set to anything else; a scenario lists them so that the
 * report can say which of them a public source states.
 */
export const RULE_KINDS: Readonly<Record<string, ParameterKind>> = {
  'model.copiesPerVolume': count('copies', 2, 2),
  'model.degradedIo': rule('blocked-until-elected'),
  'model.releaseOfOldCopy': rule('after-confirmation'),
  'model.election': rule('region-wide'),
};

/**
 * What a setting is where nothing gives it a value, because scenarios and plans are older than it. A plan without it is
 * the same as one with this value, so that campaigns made before stay current.
 */
export const ABSENT_SETTINGS: Readonly<Record<string, number>> = { 'load.flushShare': 0 };
