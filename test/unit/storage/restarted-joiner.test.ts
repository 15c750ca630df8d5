import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { listReplicas } from '../../../fixtures/storage/disk/list-replicas.ts';
import { connectNbd } from '../../../fixtures/storage/nbd/client.ts';
import { TestCluster } from './test-cluster.ts';
import { testConfig } from './test-config.ts';

const BLOCK = 4096;
const VOLUME_BYTES = testConfig({}).storage.volumeBytes;

test('a joiner that is started again during its copy puts no old chunk over a newer write', async () => {
  await using cluster = await TestCluster.start({
    nodes: ['a', 'b', 'c'],
    volumes: [['v1', 'a', 'b']],
    // Nobody is presumed dead for the time of a restart.
    settings: { detectorMs: 4000, leaseMs: 4500 },
  });
  const client = await connectNbd({ ...cluster.nbd('a'), exportName: 'v1', connectTimeoutMs: 2000 });
  await client.write(0, Buffer.alloc(VOLUME_BYTES, 1), { fua: true });
  const copyPipes = cluster.pipesBetween('a', 'c', ['replication']);
  for (const pipe of copyPipes) pipe.hold();
  await cluster.stopProgram('b', 'SIGKILL');
  await cluster.until('c is to be the mirror', () => cluster.events('v1').includes('a elected'), 15_000);
  // A write goes to the new mirror from when its chunk has begun, of which nothing is told; the chunk has none of its bytes.
  let newest = 1;
  do {
    newest += 1;
    await client.write(0, Buffer.alloc(BLOCK, newest), { fua: true });
    await delay(20);
  } while ((await firstByte(cluster, 'c')) !== newest);
  await cluster.stopProgram('c', 'SIGKILL');
  cluster.startProgram('c');
  for (const pipe of copyPipes) pipe.release();
  await cluster.until('mirrored', () => cluster.events('v1').includes('a confirmed'), 20_000);
  await client.flush();
  expect(await firstByte(cluster, 'a')).toBe(newest);
  expect(await firstByte(cluster, 'c')).toBe(newest);
}, 50_000);

for (const lost of ['joiner', 'primary'] as const) {
  test(`the only node with room takes the copy in its place after the ${lost} was lost once during it`, async () => {
    await using cluster = await TestCluster.start({ nodes: ['a', 'b', 'c'], volumes: [['v1', 'a', 'b']] });
    const client = await connectNbd({ ...cluster.nbd('a'), exportName: 'v1', connectTimeoutMs: 2000 });
    await client.write(0, Buffer.alloc(VOLUME_BYTES, 1), { fua: true });
    const copyPipes = cluster.pipesBetween('a', 'c', ['replication']);
    for (const pipe of copyPipes) pipe.hold();
    await cluster.stopProgram('b', 'SIGKILL');
    await cluster.until('c is to be the mirror', () => cluster.events('v1').includes('a elected'));
    while ((await firstByte(cluster, 'c')) === undefined) await delay(20);
    if (lost === 'joiner') {
      // Its process has forgotten nothing, and its disk is well.
      cluster.freeze('c');
      const losses = () => cluster.events('v1').filter((one) => one === 'a partner-lost').length;
      await cluster.until('c is lost', () => losses() === 2);
      cluster.thaw('c');
    } else {
      await cluster.stopProgram('a', 'SIGKILL');
      cluster.startProgram('a');
    }
    for (const pipe of copyPipes) pipe.release();
    await cluster.until('mirrored', () => cluster.events('v1').includes('a confirmed'), 15_000);
    expect(await firstByte(cluster, 'c')).toBe(1);
  }, 30_000);
}

async function firstByte(cluster: TestCluster, node: string): Promise<number | undefined> {
  const [replica] = await listReplicas(cluster.dataDir(node));
  return replica === undefined ? undefined : (await readFile(replica.path))[0];
}
