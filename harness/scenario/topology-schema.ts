import { z } from 'zod';
import { engineName } from './names.ts';
import { MULTI_ZONE_ROLES } from './plan.ts';
import { strictObject } from './zod-problems.ts';

const scalar = z.union([z.string(), z.number()], { error: 'a quantity with its unit' });
const port = z.int({ error: 'a port from 1 to 65535' }).min(1).max(65_535);
const plane = z.enum(['primary', 'replication']);
const role = z.enum(['node', 'control-plane', 'instances', 'app', 'users', 'databases', ...MULTI_ZONE_ROLES]);
/** What people see who read the file with Compose; a run labels its own. {@link readTopology} holds it against the rest. */
const labels = strictObject({
  'zonestorm.zone': z.string().optional(),
  'zonestorm.plane': z.string().optional(),
}).optional();

/** The programs that a run has: no other image would run, so a file that names one would say something else. */
const image = z.literal('zonestorm/fixtures', {
  error: '`zonestorm/fixtures`, as a run has its own programs in every container and would not run this image',
});

const needs = z
  .union([z.string(), z.array(z.string()).min(1)])
  .optional()
  .describe(
    'A parameter, such as `load.apiCallsPerSecond`, or several: left out of a plan in which all of them are 0.',
  );

const zone = strictObject({
  volumes: z.int().min(0).optional().describe('Volumes placed on the zone’s nodes, two replicas each.'),
  regionWide: z.boolean().optional().describe('A service of the whole region: no routers and no capacity of its own.'),
});

const networkExtension = strictObject({
  zone: z.string(),
  plane,
  capacity: scalar.optional().describe('Mbit/s of TCP payload at the receiver, shared by all links of the plane.'),
  queue: scalar.optional().describe('Depth of the router’s one queue, in bytes of frames.'),
});

const link = strictObject({
  to: z.string().describe('The destination service; each container of this one dials each of that one.'),
  planes: z.array(plane).min(1),
  port,
  needs,
});

const serviceExtension = strictObject({
  zone: z.string(),
  role,
  needs,
  scaledBy: z
    .string()
    .optional()
    .describe('A parameter, such as `load.multiZoneDatabases`: there are so many of its containers.'),
  links: z.array(link).optional(),
  published: z
    .array(port)
    .optional()
    .describe(
      'Ports for clients outside the zones, by the zone’s primary router on 127.0.0.1. An application’s clients ask the first.',
    ),
});

// The keys of Compose that a run honours. Others are refused: to ignore `environment` or `privileged` silently would
// run something else than what the file says. A disk has no name, for Compose shares a named one between replicas.
const service = strictObject({
  image,
  command: z.array(z.string(), { error: 'a list of words' }).min(1),
  networks: z.array(z.string()).min(1),
  volumes: z.array(z.string().regex(/^\/[^:]+$/, { error: 'a path inside the container, like /data' })).optional(),
  deploy: strictObject({ replicas: z.int().min(1).optional() }).optional(),
  labels,
  'x-zonestorm': serviceExtension,
});

const network = strictObject({
  internal: z.literal(true, { error: '`true`, as no network of a run leads out' }).optional(),
  labels,
  'x-zonestorm': networkExtension,
});

/** What the harness and its own containers are called, beside a plan's. */
const TAKEN = ['host', 'harness', 'reader', 'isolation', 'keeper'];
const serviceName = engineName.refine((name) => !TAKEN.includes(name), {
  error: `another name: ${TAKEN.join(', ')} are the harness's own`,
});

/** The part of a Compose file that zonestorm reads, after top-level `x-` keys other than its own are dropped. */
export const topologySchema = strictObject({
  version: z.string().optional().describe('Read and left out of account, as Compose itself does.'),
  'x-zonestorm': strictObject({ zones: z.record(engineName, zone) }),
  networks: z.record(engineName, network),
  services: z.record(serviceName, service),
});
export type TopologyFile = z.infer<typeof topologySchema>;
