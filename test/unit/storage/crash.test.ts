import { expect, test } from 'vitest';
import { listReplicas } from '../../../fixtures/storage/disk/list-replicas.ts';
import { connectNbd } from '../../../fixtures/storage/nbd/client.ts';
import { CRASH_EXIT_CODE } from '../../../harness/scenario/container-config.ts';
import { TestCluster } from './test-cluster.ts';

const BLOCK = 4096;
/** Nodes without a free slot: whoever loses its partner searches, and closes, without an end. */
const FULL = {
  nodes: ['a', 'b', 'c', 'd'],
  volumes: [
    ['v1', 'a', 'b'],
    ['v2', 'c', 'd'],
  ],
  settings: { slotsPerNode: 1, raceCloses: 3 },
} as const;

test('a node that closes too many searches at once crashes, says so last, and keeps its disk', async () => {
  await using cluster = await TestCluster.start({ ...FULL, settings: { ...FULL.settings, raceProbability: 1 } });
  const client = await connectNbd({ ...cluster.nbd('a'), exportName: 'v1', connectTimeoutMs: 2000 });
  await client.write(0, Buffer.alloc(BLOCK, 7), { fua: false });
  for (const pipe of cluster.pipesBetween('a', 'b')) pipe.hold();
  expect(await cluster.ended('a')).toBe(CRASH_EXIT_CODE);
  const last = cluster.records.findLast(({ source }) => source === 'a');
  expect(last).toMatchObject({ kind: 'crash', closesInWindow: 4, replicas: 1 });
  expect((await listReplicas(cluster.dataDir('a'))).map(({ volume }) => volume)).toEqual(['v1']);
  // Its mirror takes over, searches in its place, and goes the same way.
  expect(await cluster.ended('b')).toBe(CRASH_EXIT_CODE);
  expect(cluster.events('v1')).toContain('b promoted');
  expect((await listReplicas(cluster.dataDir('b'))).map(({ volume }) => volume)).toEqual(['v1']);
}, 20_000);

test('with the race fixed it closes as many, tells how many at once, and lives', async () => {
  await using cluster = await TestCluster.start(FULL);
  for (const pipe of cluster.pipesBetween('a', 'b')) pipe.hold();
  await cluster.until('a has closed many at once', () =>
    cluster.records.some((r) => r.kind === 'node' && r.source === 'a' && r.closesPeak > 3 && r.racyCloses > 20),
  );
  expect(await cluster.stopProgram('a', 'SIGTERM')).toBe(0);
  expect(cluster.records.filter(({ kind }) => kind === 'crash')).toEqual([]);
}, 20_000);
