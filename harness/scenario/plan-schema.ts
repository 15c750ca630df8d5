/**
 * The shape of `plan.json` as zod checks it when a run is repeated from it. What a field means is said once, in
 * `plan.ts`, and the two are kept equal by the compiler (see the end of this file).
 */
import { z } from 'zod';
import { engineName, folderName } from './names.ts';
import { MULTI_ZONE_ROLES, type Plan } from './plan.ts';
import { strictObject } from './zod-problems.ts';

const text = z.string();
const texts = z.array(text);
const count = z.int().nonnegative();
const amount = z.number().nonnegative();
const share = z.number().min(0).max(1);
const plane = z.enum(['primary', 'replication']);
const attachment = strictObject({ network: text, ip: z.ipv4() });
const endpoint = strictObject({ ip: z.ipv4(), port: z.int().min(1).max(65_535) });

const parameter = strictObject({
  name: text,
  value: z.union([z.number(), text, z.boolean()]),
  unit: text,
  origin: z.enum(['chosen', 'stated', 'derived']),
  why: text,
});

const zone = strictObject({
  id: engineName,
  planes: z.array(strictObject({ plane, network: engineName, subnet: z.cidrv4(), router: text.nullable() })),
});

const router = strictObject({
  id: engineName,
  zone: text,
  plane,
  capacityMbit: z.number().positive(),
  queueBytes: count,
  management: strictObject({ network: engineName, subnet: z.cidrv4(), ip: z.ipv4() }),
  attachments: z.array(attachment),
});

const container = strictObject({
  id: engineName,
  service: engineName,
  zone: text,
  role: z.enum([
    'node',
    'spare',
    'control-plane',
    'instances',
    'app',
    'users',
    'databases',
    'gauge',
    ...MULTI_ZONE_ROLES,
  ]),
  command: texts,
  attachments: z.array(attachment),
  disks: texts,
});

const link = strictObject({
  id: text,
  source: text,
  destination: text,
  plane,
  router: text,
  listen: endpoint,
  upstream: endpoint,
});

const instance = strictObject({ container: text, zone: text, volumes: texts });

const volume = strictObject({ id: engineName, zone: text, primary: text, mirror: text });

const storage = strictObject({
  volumeBytes: count,
  slotsPerNode: count,
  detectorMs: amount,
  heartbeatMs: amount,
  leaseMs: amount,
  promoteRetryMs: amount,
  copyChunkBytes: count,
  copyWindowChunks: count,
  searchParallel: count,
  searchTimeoutMs: amount,
  searchServiceMinMs: amount,
  searchServiceMaxMs: amount,
  controlPlaneWorkers: count,
  acknowledgeBeforeMirrorMs: amount,
  // A plan that was written before these were settings is carried out as it was.
  controlQueueLimit: count.default(4096),
  dropExpired: count.default(0),
  poolPerZone: count.default(0),
  electionWorkers: count.default(0),
  storeServiceMs: amount.default(0),
  createTimeoutMs: amount.default(15_000),
  createRetryMs: amount.default(250),
  snapshotTimeoutMs: amount.default(15_000),
  snapshotEveryMs: amount.default(0),
  snapshotStuck: count.default(0),
  raceCloses: count.default(15),
  raceWindowMs: amount.default(100),
  raceProbability: share.default(0),
  searchBackoffBaseMs: amount.default(0),
  searchBackoffCapMs: amount.default(8000),
  reattachMs: amount.default(0),
  resyncsPerNode: count.default(0),
  remirrorWaitMs: amount.default(0),
  remirrorStopShare: share.default(1),
  readmitPerSecond: amount.default(0),
});

const load = strictObject({
  ioPerSecondPerVolume: amount,
  writeShare: share,
  writeBytes: count,
  fuaShare: share,
  flushShare: share.default(0),
  queueDepth: count,
  appRequestsPerSecond: amount,
  appWriteShare: share,
  appVolumes: count,
  appTimeoutMs: amount,
  apiCallsPerSecond: amount.default(0),
  apiCreateShare: share.default(0),
  apiSnapshotShare: share.default(0),
  apiTimeoutMs: amount.default(3000),
  databases: count.default(0),
  databaseVolumes: count.default(4),
  databaseStripeBytes: count.default(4096),
  databaseTransactionsPerSecond: amount.default(0),
  databaseTimeoutMs: amount.default(2000),
  multiZoneDatabases: count.default(0),
  multiZonePartedMs: amount.default(1000),
  multiZoneHungMs: amount.default(4000),
  failoverWitness: count.default(0),
});

const fault = strictObject({
  kind: text,
  id: text,
  description: text,
  atSeconds: amount,
  forSeconds: amount.nullable(),
  targets: strictObject({ zone: text.nullable(), routers: texts, links: texts, containers: texts }),
  silences: texts,
  losesPartnersOf: texts.nullable(),
  experience: strictObject({
    open: z.enum(['answers', 'closed', 'silent']),
    fresh: z.enum(['answered', 'refused', 'ended', 'silent']),
    addedRttMs: amount,
    capacityMbit: z.number().positive().nullable(),
  }).nullable(),
  limitsDiskTo: z.int().positive().nullable(),
  // Its kind's own schema checks it, which this folder does not know.
  settings: z.custom<object>((value) => typeof value === 'object' && value !== null, { error: 'a mapping' }),
});

const action = strictObject({
  kind: text,
  id: text,
  description: text,
  atSeconds: amount,
  zone: text,
  settings: z.custom<object>((value) => typeof value === 'object' && value !== null, { error: 'a mapping' }),
});

const phase = strictObject({
  name: text,
  seconds: amount.nullable(),
  until: z.enum(['recovered', 'mirrored']).nullable(),
  atMostSeconds: amount.nullable(),
  faults: z.array(fault),
  // A plan that was written before there were actions has none.
  actions: z.array(action).default([]),
}).refine((p) => (p.until === null ? p.seconds : p.atMostSeconds) !== null, {
  error: 'either `seconds`, or `until` and `atMostSeconds`',
});

const event = strictObject({
  name: text,
  source: text,
  facts: z.array(
    strictObject({
      id: text,
      what: text,
      stated: text,
      source: text,
      measured: z.array(strictObject({ what: text, metric: text, unit: text.nullable() })),
      notMeasured: text.nullable(),
      differs: text,
    }),
  ),
});

export const planSchema = strictObject({
  schemaVersion: z.literal(2),
  scenario: strictObject({ name: folderName, file: text, title: text }),
  topology: strictObject({ file: text }),
  preset: folderName,
  seed: count,
  overrides: z.record(text, text),
  parameters: z.array(parameter),
  zones: z.array(zone),
  routers: z.array(router),
  containers: z.array(container),
  links: z.array(link),
  witnesses: z.array(strictObject({ link: text, listenPort: count, port: count })),
  volumes: z.array(volume),
  databases: z.array(strictObject({ id: engineName, zone: text, volumes: texts })).default([]),
  multiZoneDatabases: z.array(strictObject({ id: engineName, primary: instance, standby: instance })).default([]),
  storage,
  load,
  phases: z.array(phase).min(1),
  expectations: z.array(strictObject({ text, file: text, line: count })),
  event: event.optional(),
});

// What the schema accepts is a Plan, and every Plan is one that the schema accepts. A plan's lists are not changed.
type Frozen<T> = T extends readonly (infer Item)[]
  ? readonly Frozen<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: Frozen<T[Key]> }
    : T;
type Accepted = Frozen<z.infer<typeof planSchema>>;
true satisfies Accepted extends Plan ? true : false;
true satisfies Plan extends Accepted ? true : false;
