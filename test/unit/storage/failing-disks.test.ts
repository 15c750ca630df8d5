import { expect, test } from 'vitest';
import { connectNbd, type NbdClient } from '../../../fixtures/storage/nbd/client.ts';
import { TestCluster } from './test-cluster.ts';
import { testConfig } from './test-config.ts';
import { mayMount, TestDisk } from './test-disk.ts';

const BLOCK = 4096;
const VOLUME_BYTES = testConfig({}).storage.volumeBytes;
const HALF = VOLUME_BYTES / 2;

function attach(cluster: TestCluster, node: string, exportName: string): Promise<NbdClient> {
  return connectNbd({ ...cluster.nbd(node), exportName, connectTimeoutMs: 2000 });
}

test('what was acknowledged is there after a failover, though the mirror could store one write and not another', async () => {
  await using cluster = await TestCluster.start({
    nodes: ['a', 'b', 'c'],
    volumes: [
      ['v1', 'a', 'b'],
      ['v2', 'a', 'b'],
    ],
  });
  const client = await attach(cluster, 'a', 'v1');
  const other = await attach(cluster, 'a', 'v2');
  await cluster.limitFiles('b', HALF);
  // The mirror can store every second of them, and none of the others.
  const places = Array.from({ length: 32 }, (_, index) => ({
    offset: (index % 2 === 0 ? HALF : 0) + index * BLOCK,
    fill: index + 1,
  }));
  const writing = Promise.all(
    places.map(({ offset, fill }) => client.write(offset, Buffer.alloc(BLOCK, fill), { fua: fill % 3 === 0 })),
  );
  // The pair's other volume needs no room that is not there, and shares the pair's connections.
  for (let index = 0; index < 8; index += 1) await other.write(0, Buffer.alloc(BLOCK, index), { fua: true });
  await writing;
  await client.flush();
  expect(cluster.events('v1').slice(0, 2)).toEqual(['a partner-lost', 'a searching']);
  expect(cluster.events('v2')).toEqual([]);
  await cluster.until('another is confirmed', () => cluster.events('v1').includes('a confirmed'));
  await cluster.stopProgram('a', 'SIGKILL');
  await cluster.until('the new mirror is promoted', () => cluster.events('v1').includes('c promoted'));
  await cluster.limitFiles('b', null);
  await cluster.until('and has another', () => cluster.events('v1').includes('c elected'));
  const promoted = await attach(cluster, 'c', 'v1');
  for (const { offset, fill } of places) {
    expect((await promoted.read(offset, BLOCK)).equals(Buffer.alloc(BLOCK, fill)), `block at ${offset}`).toBe(true);
  }
}, 20_000);

test.runIf(mayMount)(
  'a sync that failed on the mirror is not asked for again: the mirror is replaced',
  async () => {
    await using disk = await TestDisk.make('thin');
    await using cluster = await TestCluster.start({
      nodes: ['a', 'b', 'c'],
      volumes: [['v1', 'a', 'b']],
      disks: { b: disk.path },
    });
    const client = await attach(cluster, 'a', 'v1');
    await disk.fill();
    await client.write(0, Buffer.alloc(BLOCK, 1), { fua: true });
    await client.write(BLOCK, Buffer.alloc(BLOCK, 2), { fua: false });
    await client.flush();
    expect(cluster.events('v1')).toContain('a partner-lost');
    await cluster.until('another is confirmed', () => cluster.events('v1').includes('a confirmed'));
  },
  20_000,
);

test('a client that flushes without end has its volume mirrored again by one election', async () => {
  await using cluster = await TestCluster.start({
    nodes: ['a', 'b', 'c', 'd', 'e'],
    volumes: [['v1', 'a', 'b']],
  });
  const client = await attach(cluster, 'a', 'v1');
  let isOver = false;
  const flushes = async (_: unknown, index: number) => {
    for (let round = 0; !isOver; round += 1) {
      await client.write(index * BLOCK, Buffer.alloc(BLOCK, round % 256), { fua: false });
      await client.flush();
    }
  };
  const flushing = Promise.allSettled(Array.from({ length: 4 }, flushes));
  await cluster.stopProgram('b', 'SIGKILL');
  await cluster.until('another is confirmed', () => cluster.events('v1').includes('a confirmed'));
  isOver = true;
  expect((await flushing).map(({ status }) => status)).toEqual(Array(4).fill('fulfilled'));
  const events = ['partner-lost', 'searching', 'reserved', 'elected', 'copied', 'confirmed'];
  expect(cluster.events('v1')).toEqual(events.map((event) => `a ${event}`));
}, 20_000);
