import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { listReplicas } from '../../../fixtures/storage/disk/list-replicas.ts';
import { connectNbd, type NbdClient } from '../../../fixtures/storage/nbd/client.ts';
import { TestCluster } from './test-cluster.ts';
import { testConfig } from './test-config.ts';

const BLOCK = 4096;
const VOLUME_BYTES = testConfig({}).storage.volumeBytes;

function attach(cluster: TestCluster, node: string, exportName: string): Promise<NbdClient> {
  return connectNbd({ ...cluster.nbd(node), exportName, connectTimeoutMs: 2000 });
}

async function bytesOnDisk(cluster: TestCluster, node: string, volume: string): Promise<Buffer> {
  const replica = (await listReplicas(cluster.dataDir(node))).find((meta) => meta.volume === volume);
  if (replica === undefined) throw new Error(`${node} holds no replica of ${volume}`);
  return readFile(replica.path);
}

async function volumesOnDisk(cluster: TestCluster, node: string): Promise<string[]> {
  return (await listReplicas(cluster.dataDir(node))).map(({ volume }) => volume);
}

/** `hung` if the promise has not settled by then. */
async function outcomeWithin(ms: number, promise: Promise<unknown>): Promise<'settled' | 'failed' | 'hung'> {
  let timeout: NodeJS.Timeout | undefined;
  const timer = new Promise<'hung'>((resolve) => {
    timeout = setTimeout(() => resolve('hung'), ms);
  });
  const settled = promise.then(
    () => 'settled' as const,
    () => 'failed' as const,
  );
  return Promise.race([settled, timer]).finally(() => clearTimeout(timeout));
}

test('a killed primary: its mirror is promoted, finds a new home, and serves what was written', async () => {
  await using cluster = await TestCluster.start({ nodes: ['a', 'b', 'c', 'd'], volumes: [['v1', 'a', 'b']] });
  const first = await attach(cluster, 'a', 'v1');
  await first.write(BLOCK, Buffer.alloc(BLOCK, 1), { fua: true });
  await first.write(5 * BLOCK, Buffer.alloc(BLOCK, 2), { fua: false });
  await first.flush();
  const expected = Buffer.alloc(VOLUME_BYTES);
  expected.fill(1, BLOCK, 2 * BLOCK).fill(2, 5 * BLOCK, 6 * BLOCK);
  expect(await bytesOnDisk(cluster, 'a', 'v1')).toEqual(expected);
  expect(await bytesOnDisk(cluster, 'b', 'v1')).toEqual(expected);

  // A holder releases nothing on hearsay: only the control plane can tell it that its copy is not needed.
  expect(await cluster.say('b', { type: 'superseded', volume: 'v1', epoch: 9 })).toBe('ok');

  await cluster.stopProgram('a', 'SIGKILL');
  await cluster.until('b is elected with a new node', () => cluster.events('v1').includes('b elected'));
  const second = await attach(cluster, 'b', 'v1');
  // Writes while the copy is under way, all over the volume: waiting chunks, chunks in flight, copied ones.
  for (let round = 0; !cluster.events('v1').includes('b confirmed'); round += 1) {
    const offset = ((round * 37) % (VOLUME_BYTES / BLOCK)) * BLOCK;
    const data = Buffer.alloc(BLOCK, 3 + (round % 250));
    await Promise.all([second.write(offset, data, { fua: false }), second.read(offset, BLOCK)]);
    data.copy(expected, offset);
  }
  expect(cluster.events('v1')).toEqual([
    'b partner-lost',
    'b promoted',
    'b searching',
    'b reserved',
    'b elected',
    'b copied',
    'b confirmed',
  ]);
  const { epoch, primary, mirror, retained } = await cluster.control.request('lookup', { volume: 'v1' }, 1000);
  expect({ epoch, primary, retained }).toEqual({ epoch: 3, primary: 'b', retained: null });
  await second.write(0, Buffer.alloc(BLOCK, 9), { fua: true });
  expected.fill(9, 0, BLOCK);
  expect(await second.read(0, VOLUME_BYTES)).toEqual(expected);
  expect(await bytesOnDisk(cluster, 'b', 'v1')).toEqual(expected);
  expect(await bytesOnDisk(cluster, mirror ?? '', 'v1')).toEqual(expected);

  // The killed node comes back with its disk: its copy was superseded meanwhile, and its slot is given back.
  cluster.startProgram('a');
  await cluster.until('a has released', () => cluster.events('v1').includes('a released'));
  expect(await volumesOnDisk(cluster, 'a')).toEqual([]);
  await expect(attach(cluster, 'a', 'v1')).rejects.toThrow();
  expect(await cluster.stopProgram('b', 'SIGTERM')).toBe(0);
}, 20_000);

test('without a free slot a volume hangs, also after its partner is back, until a slot is free', async () => {
  await using cluster = await TestCluster.start({
    nodes: ['a', 'b', 'c', 'd'],
    volumes: [
      ['v1', 'a', 'b'],
      ['v2', 'c', 'd'],
    ],
    settings: { slotsPerNode: 1 },
  });
  const client = await attach(cluster, 'a', 'v1');
  await client.write(0, Buffer.alloc(BLOCK, 7), { fua: false });
  for (const pipe of cluster.pipesBetween('a', 'b')) pipe.hold();
  await cluster.until('both have lost each other', () => {
    return cluster.events('v1').filter((event) => event.endsWith('partner-lost')).length === 2;
  });
  const write = client.write(0, Buffer.alloc(BLOCK, 8), { fua: false });
  const read = client.read(0, BLOCK);
  for (const pipe of cluster.pipesBetween('a', 'b')) pipe.release();
  await cluster.until('a hears b again', () => {
    return cluster.records.some((r) => r.kind === 'detector' && r.source === 'a' && r.state === 'heard');
  });
  expect(await outcomeWithin(700, Promise.race([write, read]))).toBe('hung');
  await cluster.until('a reports the stuck volume and its refused searches', () =>
    cluster.records.some((r) => r.kind === 'node' && r.source === 'a' && r.stuck === 1 && r.searchRefused > 10),
  );
  expect(cluster.events('v1')).not.toContain('a reserved');
  // A mirror that lost its primary waits: the primary is alive and has not been superseded.
  expect(cluster.events('v1')).not.toContain('b promoted');

  // c loses its only volume for good, and with it its slot is free: it starts again on an empty disk.
  await cluster.stopProgram('d', 'SIGKILL');
  await cluster.stopProgram('c', 'SIGKILL');
  await cluster.until('a has lost c', () =>
    cluster.records.some((r) => r.kind === 'detector' && r.source === 'a' && r.peer === 'c' && r.state === 'lost'),
  );
  await cluster.replaceDisk('c');
  cluster.startProgram('c');
  await cluster.until('a is mirrored on c', () => cluster.events('v1').includes('a confirmed'));
  await Promise.all([write, read]);
  expect(await client.read(0, BLOCK)).toEqual(Buffer.alloc(BLOCK, 8));
  await cluster.until('b has released', () => cluster.events('v1').includes('b released'));
  expect(await volumesOnDisk(cluster, 'b')).toEqual([]);
  expect((await bytesOnDisk(cluster, 'c', 'v1')).subarray(0, BLOCK)).toEqual(Buffer.alloc(BLOCK, 8));
}, 20_000);

test('a primary that was stopped and goes on does not serve once another was promoted', async () => {
  await using cluster = await TestCluster.start({ nodes: ['a', 'b', 'c'], volumes: [['v1', 'a', 'b']] });
  const old = await attach(cluster, 'a', 'v1');
  await old.write(0, Buffer.alloc(BLOCK, 1), { fua: false });
  cluster.freeze('a');
  await cluster.until('b is mirrored on c', () => cluster.events('v1').includes('b confirmed'));
  const current = await attach(cluster, 'b', 'v1');
  await current.write(0, Buffer.alloc(BLOCK, 2), { fua: false });
  const staleRead = old.read(0, BLOCK);
  const staleWrite = old.write(0, Buffer.alloc(BLOCK, 3), { fua: false });
  staleWrite.catch(() => undefined);
  cluster.thaw('a');
  await expect(staleRead).rejects.toMatchObject({ code: 'ESHUTDOWN' });
  await expect(staleWrite).rejects.toThrow();
  expect(await current.read(0, BLOCK)).toEqual(Buffer.alloc(BLOCK, 2));
  await cluster.until('a has released', () => cluster.events('v1').includes('a released'));
}, 20_000);

test('a primary that hears its mirror, but not the other way round, stops when it has no lease either', async () => {
  await using cluster = await TestCluster.start({ nodes: ['a', 'b', 'c'], volumes: [['v1', 'a', 'b']] });
  const old = await attach(cluster, 'a', 'v1');
  await old.read(0, BLOCK);
  // The mirror does not hear its primary, and the control plane does not either; the primary hears its mirror.
  for (const pipe of [...cluster.pipesFrom('b', 'a'), ...cluster.pipesFrom('a', 'control-plane')]) pipe.hold();
  await cluster.until('b is elected', () => cluster.events('v1').includes('b elected'));
  expect(cluster.events('v1')).not.toContain('a partner-lost');
  const read = old.read(0, BLOCK);
  expect(await outcomeWithin(300, read)).toBe('hung');
  for (const pipe of cluster.pipesFrom('a', 'control-plane')) pipe.release();
  await expect(read).rejects.toMatchObject({ code: 'ESHUTDOWN' });
}, 20_000);
