import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { listReplicas } from '../../../fixtures/storage/disk/list-replicas.ts';
import { connectNbd } from '../../../fixtures/storage/nbd/client.ts';
import { seededRandom } from '../../../fixtures/storage/node/seeded-random.ts';
import { TestCluster } from './test-cluster.ts';

const VOLUME_BYTES = 512 * 1024;
const WRITERS = 6;

/**
 * The copy and the writes travel on different connections, both of which break again and again here, so bytes come
 * late, twice and out of order. Whatever the order, the two replicas must be equal in the end and hold what was read.
 */
test('a copy under overlapping writes over connections that break ends in two equal replicas', async () => {
  await using cluster = await TestCluster.start({
    nodes: ['a', 'b', 'c'],
    volumes: [['v1', 'a', 'b']],
    settings: { volumeBytes: VOLUME_BYTES, detectorMs: 1000, leaseMs: 1200 },
  });
  const client = await connectNbd({ ...cluster.nbd('a'), exportName: 'v1', connectTimeoutMs: 2000 });
  const toNewMirror = cluster.pipesBetween('a', 'c');
  // A write that did not wait for its chunk would overtake it.
  for (const pipe of cluster.pipesBetween('a', 'c', ['primary'])) pipe.delayMs = 1;
  for (const pipe of cluster.pipesBetween('a', 'c', ['replication'])) pipe.delayMs = 15;
  for (const pipe of cluster.pipesBetween('a', 'b')) pipe.hold();

  const random = seededRandom(7, 'writes');
  let isOver = false;
  let writes = 0;
  const breaker = setInterval(() => toNewMirror[Math.floor(random() * toNewMirror.length)]?.breakConnections(), 90);
  const writer = async () => {
    while (!isOver) {
      // Any offset and length, over the borders of chunks, many on the same few bytes.
      const length = 1 + Math.floor(random() * 40_000);
      const offset = Math.floor(random() * (VOLUME_BYTES - length));
      writes += 1;
      await client.write(offset, Buffer.alloc(length, writes % 256), { fua: writes % 16 === 0 });
    }
  };
  const writers = Array.from({ length: WRITERS }, writer);
  await cluster.until('a is elected with c', () => cluster.events('v1').includes('a elected'));
  const writesBefore = writes;
  await cluster.until('a is mirrored on c', () => cluster.events('v1').includes('a confirmed'));
  const writesUntilConfirmed = writes;
  isOver = true;
  await Promise.all(writers);
  clearInterval(breaker);

  expect(writesUntilConfirmed - writesBefore).toBeGreaterThan(50);
  const served = await client.read(0, VOLUME_BYTES);
  for (const node of ['a', 'c']) {
    const [replica] = await listReplicas(cluster.dataDir(node));
    const bytes = await readFile(replica?.path ?? '');
    expect({ node, differsAt: firstDifference(bytes, served) }).toEqual({ node, differsAt: null });
  }
}, 20_000);

function firstDifference(a: Buffer, b: Buffer): number | null {
  const index = a.findIndex((byte, at) => byte !== b[at]);
  return index === -1 && a.length === b.length ? null : index;
}
