import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { listReplicas } from '../../../fixtures/storage/disk/list-replicas.ts';
import { metaPath } from '../../../fixtures/storage/disk/replica-meta.ts';
import type { VolumeConfig } from '../../../fixtures/storage/disk/volume-config.ts';
import { connectNbd, type NbdClient } from '../../../fixtures/storage/nbd/client.ts';
import { RESERVATION_MS } from '../../../fixtures/storage/node/reservations.ts';
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
  // Its node is heard all the time, and the harness counts nobody as lost.
  expect(cluster.records.find((one) => one.kind === 'volume' && one.event === 'partner-lost')).toMatchObject({
    disk: true,
  });
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

test.runIf(mayMount)(
  'a primary whose sync has failed tells its client, and its mirror takes over',
  async () => {
    await using disk = await TestDisk.make('thin');
    await using cluster = await TestCluster.start({
      nodes: ['a', 'b', 'c'],
      volumes: [
        ['v1', 'a', 'b'],
        ['v2', 'b', 'c'],
      ],
      disks: { a: disk.path },
    });
    const client = await attach(cluster, 'a', 'v1');
    await client.write(0, Buffer.alloc(BLOCK, 1), { fua: true });
    await disk.fill();
    await client.write(HALF, Buffer.alloc(16 * BLOCK, 2), { fua: false });
    await expect(client.flush()).rejects.toMatchObject({ code: 'ENOSPC' });
    // Linux would say ok now, of bytes that are on no disk.
    await expect(client.flush()).rejects.toMatchObject({ code: 'ESHUTDOWN' });
    await cluster.until('mirrored again', () => cluster.events('v1').includes('b confirmed'));
    expect(cluster.events('v1').filter((one) => one.endsWith('promoted'))).toEqual(['b promoted']);
    const promoted = await attach(cluster, 'b', 'v1');
    await promoted.flush();
    expect(await promoted.read(0, BLOCK)).toEqual(Buffer.alloc(BLOCK, 1));
    expect(await promoted.read(HALF, 16 * BLOCK)).toEqual(Buffer.alloc(16 * BLOCK, 2));
    await cluster.until('the failed replica is gone', () => cluster.events('v1').includes('a released'));
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

/** The newest record of what the node has; of a program that was started again, of those after the first `from`. */
function statsOf(cluster: TestCluster, node: string, from = 0) {
  const record = cluster.records.slice(from).findLast((one) => one.source === node && one.kind === 'node');
  return record?.kind === 'node' ? record : undefined;
}

/** No file of the program takes a byte (`limited`), or its disk is full to the last one. */
type How = 'limited' | 'full';
const WITHOUT_ROOM: readonly How[] = mayMount ? ['limited', 'full'] : ['limited'];

for (const how of WITHOUT_ROOM) {
  test(`a node whose disk is ${how} lives on when its volumes lose their mirrors, and serves again at once or with room`, async () => {
    await using disk = how === 'full' ? await TestDisk.make('plain') : null;
    await using cluster = await TestCluster.start({
      nodes: ['a', 'b', 'c', 'd'],
      volumes: [['v1', 'a', 'b']],
      ...(disk === null ? {} : { disks: { a: disk.path } }),
    });
    const client = await attach(cluster, 'a', 'v1');
    await client.write(0, Buffer.alloc(BLOCK, 1), { fua: true });
    if (disk === null) await cluster.limitFiles('a', 0);
    else await disk.fill();
    await cluster.stopProgram('b', 'SIGKILL');
    if (disk === null) {
      await cluster.until('a has reserved room for a mirror', () => cluster.events('v1').includes('a reserved'));
      await cluster.until('a still says that the volume is stuck', () => statsOf(cluster, 'a')?.stuck === 1);
      await cluster.limitFiles('a', null);
    }
    // With room set aside for its meta, a full disk takes the new epoch.
    await cluster.until('mirrored again', () => cluster.events('v1').includes('a confirmed'));
    expect(await client.read(0, BLOCK)).toEqual(Buffer.alloc(BLOCK, 1));
    expect(await cluster.stopProgram('a', 'SIGTERM')).toBe(0);
    const from = cluster.records.length;
    cluster.startProgram('a');
    await cluster.until('a serves again', () => statsOf(cluster, 'a', from)?.mirrored === 1);
  }, 30_000);
}

// The same is tried again as above; one of them is enough.
for (const how of WITHOUT_ROOM.slice(-1)) {
  test(`a mirror whose disk is ${how} is promoted, and lives`, async () => {
    await using disk = how === 'full' ? await TestDisk.make('plain') : null;
    await using cluster = await TestCluster.start({
      nodes: ['a', 'b', 'c', 'd'],
      volumes: [
        ['v1', 'a', 'b'],
        ['v2', 'b', 'c'],
      ],
      ...(disk === null ? {} : { disks: { b: disk.path } }),
    });
    const client = await attach(cluster, 'a', 'v1');
    await client.write(0, Buffer.alloc(BLOCK, 1), { fua: true });
    const other = await attach(cluster, 'b', 'v2');
    await other.write(0, Buffer.alloc(BLOCK, 2), { fua: true });
    if (disk === null) await cluster.limitFiles('b', 0);
    else await disk.fill();
    await cluster.stopProgram('a', 'SIGKILL');
    if (disk === null) {
      await cluster.until('the control plane has named it', () =>
        cluster.records.some((one) => one.kind === 'election' && one.event === 'promoted'),
      );
      expect(await other.read(0, BLOCK)).toEqual(Buffer.alloc(BLOCK, 2));
      await cluster.limitFiles('b', null);
    }
    await cluster.until('promoted', () => cluster.events('v1').includes('b promoted'));
    await cluster.until('mirrored again', () => cluster.events('v1').includes('b confirmed'));
    const promoted = await attach(cluster, 'b', 'v1');
    expect(await promoted.read(0, BLOCK)).toEqual(Buffer.alloc(BLOCK, 1));
    expect(await other.read(0, BLOCK)).toEqual(Buffer.alloc(BLOCK, 2));
  }, 30_000);
}

test('a write that came half-way on the primary is as far on its mirror, and what is read stays after a failover', async () => {
  await using cluster = await TestCluster.start({ nodes: ['a', 'b', 'c'], volumes: [['v1', 'a', 'b']] });
  const client = await attach(cluster, 'a', 'v1');
  await client.write(0, Buffer.alloc(VOLUME_BYTES, 1), { fua: true });
  // Of 64 KiB four blocks fit.
  await cluster.limitFiles('a', HALF + 4 * BLOCK);
  await expect(client.write(HALF, Buffer.alloc(16 * BLOCK, 2), { fua: true })).rejects.toThrow();
  await cluster.limitFiles('a', null);
  const before = await client.read(0, VOLUME_BYTES);
  expect(before.subarray(HALF, HALF + 4 * BLOCK)).toEqual(Buffer.alloc(4 * BLOCK, 2));
  expect(statsOf(cluster, 'a')?.mirrored).toBe(1);
  await cluster.stopProgram('a', 'SIGKILL');
  await cluster.until('promoted', () => cluster.events('v1').includes('b elected'));
  expect((await (await attach(cluster, 'b', 'v1')).read(0, VOLUME_BYTES)).equals(before)).toBe(true);
}, 20_000);

test('the only node left that could not store the copy is asked again, and takes it in the same slot', async () => {
  await using cluster = await TestCluster.start({
    nodes: ['a', 'b', 'c'],
    volumes: [['v1', 'a', 'b']],
    settings: { slotsPerNode: 1 },
  });
  const client = await attach(cluster, 'a', 'v1');
  await client.write(0, Buffer.alloc(VOLUME_BYTES, 1), { fua: true });
  // The file of the copy can be made, and takes the first half.
  await cluster.stopProgram('b', 'SIGKILL');
  await cluster.limitFiles('c', VOLUME_BYTES);
  await cluster.until('c is to be the mirror', () => cluster.events('v1').includes('a elected'));
  await cluster.limitFiles('c', HALF);
  await cluster.until(
    'and has failed',
    () => cluster.events('v1').filter((one) => one === 'a partner-lost').length >= 2,
  );
  await cluster.limitFiles('c', null);
  await cluster.until('mirrored by it', () => cluster.events('v1').includes('a confirmed'), 15_000);
  expect(await client.read(0, VOLUME_BYTES)).toEqual(Buffer.alloc(VOLUME_BYTES, 1));
}, 30_000);

test('a disk that takes the new epoch later than a reservation lasts costs one election and no more', async () => {
  await using cluster = await TestCluster.start({ nodes: ['a', 'b', 'c', 'd'], volumes: [['v1', 'a', 'b']] });
  await cluster.limitFiles('a', 0);
  await cluster.stopProgram('b', 'SIGKILL');
  await cluster.until('a third node is elected', () =>
    cluster.records.some((one) => one.kind === 'election' && one.event === 'elected'),
  );
  await new Promise((resolve) => setTimeout(resolve, RESERVATION_MS + 1000));
  await cluster.limitFiles('a', null);
  await cluster.until('mirrored again', () => cluster.events('v1').includes('a confirmed'), 15_000);
  const events = ['partner-lost', 'searching', 'reserved', 'elected', 'copied', 'confirmed'];
  expect(cluster.events('v1')).toEqual(events.map((event) => `a ${event}`));
}, 30_000);

test('a control plane whose disk takes half a line decides nothing on it, goes on with room, and starts again', async () => {
  await using cluster = await TestCluster.start({ nodes: ['a', 'b', 'c'], volumes: [['v1', 'a', 'b']] });
  const log = join(cluster.dataDir('control-plane'), 'store', 'configs.jsonl');
  const size = (await stat(log)).size;
  await cluster.limitFiles('control-plane', size + 20);
  await cluster.stopProgram('b', 'SIGKILL');
  await cluster.until('the volume is stuck', () => cluster.events('v1').includes('a reserved'));
  await cluster.until('and still', () => statsOf(cluster, 'a')?.stuck === 1);
  expect((await cluster.control.request('lookup', { volume: 'v1' }, 1000)).epoch).toBe(1);
  expect((await stat(log)).size).toBe(size);
  await cluster.limitFiles('control-plane', null);
  await cluster.until('mirrored again', () => cluster.events('v1').includes('a confirmed'));
  expect(await cluster.stopProgram('control-plane', 'SIGTERM')).toBe(0);
  cluster.startProgram('control-plane');
  const again = async (): Promise<VolumeConfig> => {
    const config = await cluster.control.request('lookup', { volume: 'v1' }, 1000).catch(() => null);
    return config ?? again();
  };
  expect(await again()).toMatchObject({ epoch: 2, primary: 'a', mirror: 'c' });
}, 30_000);

test('a node starts without the replicas that it cannot read, serves the others, and gives those to their mirrors', async () => {
  await using cluster = await TestCluster.start({
    nodes: ['a', 'b', 'c'],
    volumes: [
      ['v1', 'a', 'b'],
      ['v2', 'a', 'b'],
    ],
    // Nobody is presumed dead for the time of a restart.
    settings: { detectorMs: 15_000, leaseMs: 15_000 },
  });
  const client = await attach(cluster, 'a', 'v1');
  await client.write(0, Buffer.alloc(BLOCK, 1), { fua: true });
  const replicas = await listReplicas(cluster.dataDir('a'));
  const slot = replicas.find(({ volume }) => volume === 'v1')?.slot ?? Number.NaN;
  await cluster.stopProgram('a', 'SIGTERM');
  const meta = metaPath(cluster.dataDir('a'), slot);
  const text = await readFile(meta);
  await writeFile(meta, '{"vol');
  const from = cluster.records.length;
  cluster.startProgram('a');
  await cluster.until('the other is served', () => statsOf(cluster, 'a', from)?.mirrored === 1);
  await cluster.until('it is mirrored elsewhere', () => cluster.events('v1').includes('b confirmed'), 12_000);
  expect(cluster.events('v1')).not.toContain('b partner-lost');
  expect(await (await attach(cluster, 'b', 'v1')).read(0, BLOCK)).toEqual(Buffer.alloc(BLOCK, 1));
  await writeFile(meta, text);
  await cluster.until('what can be read again is not needed, and goes', () =>
    cluster.events('v1').includes('a released'),
  );
}, 30_000);
