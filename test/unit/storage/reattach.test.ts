import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { listReplicas } from '../../../fixtures/storage/disk/list-replicas.ts';
import type { VolumeConfig } from '../../../fixtures/storage/disk/volume-config.ts';
import { connectNbd, type NbdClient } from '../../../fixtures/storage/nbd/client.ts';
import type { NodeContext } from '../../../fixtures/storage/node/node-context.ts';
import type { PrimaryVolume } from '../../../fixtures/storage/node/primary-volume.ts';
import { reattach } from '../../../fixtures/storage/node/reattach.ts';
import { TargetLostError } from '../../../fixtures/storage/node/target-lost-error.ts';
import { TestCluster } from './test-cluster.ts';
import { testConfig } from './test-config.ts';

const BLOCK = 4096;

function attach(cluster: TestCluster, node: string, exportName: string): Promise<NbdClient> {
  return connectNbd({ ...cluster.nbd(node), exportName, connectTimeoutMs: 2000 });
}

async function bytesOnDisk(cluster: TestCluster, node: string): Promise<Buffer> {
  const replica = (await listReplicas(cluster.dataDir(node))).find(({ volume }) => volume === 'v1');
  if (replica === undefined) throw new Error(`${node} holds no replica of v1`);
  return readFile(replica.path);
}

test('a mirror that is there again is gone back to: no search, no election, nothing lost', async () => {
  await using cluster = await TestCluster.start({
    nodes: ['a', 'b', 'c'],
    volumes: [['v1', 'a', 'b']],
    settings: { reattachMs: 8000 },
  });
  const client = await attach(cluster, 'a', 'v1');
  await client.write(0, Buffer.alloc(BLOCK, 1), { fua: true });
  for (const pipe of cluster.pipesBetween('a', 'b')) pipe.hold();
  // On the primary's disk, and on its way to the mirror when the connections break: half done.
  const halfDone = client.write(BLOCK, Buffer.alloc(BLOCK, 2), { fua: true });
  await cluster.until('both have lost each other', () => {
    return cluster.events('v1').filter((event) => event.endsWith('partner-lost')).length === 2;
  });
  const hung = [client.write(2 * BLOCK, Buffer.alloc(BLOCK, 3), { fua: false }), client.read(0, BLOCK), client.flush()];
  expect((await bytesOnDisk(cluster, 'a')).readUInt8(BLOCK)).toBe(2);
  expect((await bytesOnDisk(cluster, 'b')).readUInt8(BLOCK)).toBe(0);
  for (const pipe of cluster.pipesBetween('a', 'b')) {
    pipe.breakConnections();
    pipe.release();
  }
  await cluster.until('a is mirrored on b again', () => cluster.events('v1').includes('a reattached'));
  await Promise.all([halfDone, ...hung]);
  await client.write(3 * BLOCK, Buffer.alloc(BLOCK, 4), { fua: true });
  const bytes = await bytesOnDisk(cluster, 'b');
  expect([0, 1, 2, 3].map((block) => bytes.readUInt8(block * BLOCK))).toEqual([1, 2, 3, 4]);
  expect(bytes).toEqual(await bytesOnDisk(cluster, 'a'));
  expect(cluster.events('v1').filter((event) => !event.endsWith('partner-lost'))).toEqual(['a reattached']);
  const config = await cluster.control.request('lookup', { volume: 'v1' }, 1000);
  expect(config).toMatchObject({ epoch: 1, primary: 'a', mirror: 'b', joining: null, retained: null });
  // The mirror's watch has stood down: it follows, and asks nobody to be promoted.
  await cluster.until('a serves it mirrored', () =>
    cluster.records.some((r, i) => i > 0 && r.kind === 'node' && r.source === 'a' && r.mirrored === 1 && r.stuck === 0),
  );

  // And again, in the same process: the numbers of writes go on.
  for (const pipe of cluster.pipesBetween('a', 'b')) pipe.hold();
  const again = client.write(4 * BLOCK, Buffer.alloc(BLOCK, 5), { fua: false });
  const losses = () => cluster.events('v1').filter((event) => event === 'a partner-lost').length;
  await cluster.until('a has lost b again', () => losses() === 2);
  for (const pipe of cluster.pipesBetween('a', 'b')) pipe.release();
  await again;
  expect((await bytesOnDisk(cluster, 'b')).readUInt8(4 * BLOCK)).toBe(5);
}, 20_000);

test('a mirror that was promoted meanwhile is followed, not led', async () => {
  await using cluster = await TestCluster.start({
    nodes: ['a', 'b', 'c'],
    volumes: [['v1', 'a', 'b']],
    settings: { reattachMs: 15_000 },
  });
  const old = await attach(cluster, 'a', 'v1');
  await old.write(0, Buffer.alloc(BLOCK, 1), { fua: false });
  const cutOff = [...cluster.pipesBetween('a', 'b'), ...cluster.pipesFrom('a', 'control-plane')];
  for (const pipe of cutOff) pipe.hold();
  const unacknowledged = old.write(0, Buffer.alloc(BLOCK, 9), { fua: false });
  await cluster.until('b is mirrored on c', () => cluster.events('v1').includes('b confirmed'), 12_000);
  const current = await attach(cluster, 'b', 'v1');
  await current.write(BLOCK, Buffer.alloc(BLOCK, 2), { fua: false });
  for (const pipe of cutOff) pipe.release();
  await expect(unacknowledged).rejects.toMatchObject({ code: 'ESHUTDOWN' });
  await cluster.until('a has released', () => cluster.events('v1').includes('a released'));
  expect(cluster.events('v1')).not.toContain('a reattached');
  const read = await current.read(0, 2 * BLOCK);
  expect([read.readUInt8(0), read.readUInt8(BLOCK)]).toEqual([1, 2]);
}, 20_000);

/** What the control plane answers decides, and whether the volume was asked to go back at all. */
async function decided(answer: Partial<VolumeConfig>, end: 'reached' | 'refused' = 'reached') {
  const config = { volume: 'v1', epoch: 3, primary: 'a', mirror: 'b', joining: null, retained: null, ...answer };
  const done: string[] = [];
  const context = {
    id: 'a',
    settings: testConfig({ storage: { reattachMs: 5000, heartbeatMs: 5 } }).storage,
    now: () => performance.now(),
    isLost: () => false,
    lease: () => ({ term: 7 }),
    control: {
      request: async () => {
        done.push('asked');
        return config;
      },
    },
  } as unknown as NodeContext;
  const volume = {
    name: 'v1',
    epoch: 3,
    isRefused: end === 'refused',
    loseTarget: () => done.push('lost'),
    reattach: async (peer: string, term: number) => {
      done.push(`${peer} under ${term}`);
      if (end === 'refused') throw new TargetLostError('refused');
    },
  } as unknown as PrimaryVolume;
  const signal = new AbortController().signal;
  const { outcome } = await reattach(context, volume, 'b', { begin: () => undefined, signal });
  return { outcome, done };
}

test('it goes back only where the control plane names both at this epoch, under the term from before the question', async () => {
  expect(await decided({})).toEqual({ outcome: 'reattached', done: ['asked', 'b under 7'] });
  expect(await decided({ primary: 'b', mirror: null, epoch: 4 })).toEqual({ outcome: 'superseded', done: ['asked'] });
  expect(await decided({ mirror: 'c' })).toEqual({ outcome: 'gone', done: ['asked'] });
  expect(await decided({ mirror: null, joining: 'c', retained: 'b' })).toEqual({ outcome: 'gone', done: ['asked'] });
  expect(await decided({ epoch: 4 })).toEqual({ outcome: 'gone', done: ['asked'] });
});

test('a mirror that refuses is not asked again', async () => {
  expect(await decided({}, 'refused')).toEqual({ outcome: 'gone', done: ['asked', 'b under 7', 'lost'] });
});

test('a mirror that does not come back in time is replaced', async () => {
  await using cluster = await TestCluster.start({
    nodes: ['a', 'b', 'c'],
    volumes: [['v1', 'a', 'b']],
    settings: { reattachMs: 600 },
  });
  await cluster.stopProgram('b', 'SIGKILL');
  await cluster.until('a is mirrored on c', () => cluster.events('v1').includes('a confirmed'));
  const at = (event: string) =>
    cluster.records.find((r) => r.kind === 'volume' && r.source === 'a' && r.event === event)?.t ?? Number.NaN;
  expect(at('searching') - at('partner-lost')).toBeGreaterThan(599);
  expect(cluster.events('v1')).not.toContain('a reattached');
}, 20_000);

test('waiting before re-mirroring, one at a time: the second volume searches when the first is copied', async () => {
  await using cluster = await TestCluster.start({
    nodes: ['a', 'b', 'c'],
    volumes: [
      ['v1', 'a', 'b'],
      ['v2', 'a', 'b'],
    ],
    settings: { remirrorWaitMs: 500, resyncsPerNode: 1 },
  });
  await cluster.stopProgram('b', 'SIGKILL');
  await cluster.until('both are mirrored again', () =>
    ['v1', 'v2'].every((volume) => cluster.events(volume).includes('a confirmed')),
  );
  const at = (volume: string, event: string) =>
    cluster.records.find((r) => r.kind === 'volume' && r.volume === volume && r.event === event)?.t ?? Number.NaN;
  expect(at('v1', 'searching') - at('v1', 'partner-lost')).toBeGreaterThan(499);
  const [first, second] = at('v1', 'searching') < at('v2', 'searching') ? ['v1', 'v2'] : ['v2', 'v1'];
  expect(at(second, 'searching')).toBeGreaterThanOrEqual(at(first, 'confirmed'));
}, 20_000);

test('with too much lost at once nobody searches, and I/O hangs until enough is there again', async () => {
  await using cluster = await TestCluster.start({
    nodes: ['a', 'b', 'c', 'd'],
    volumes: [['v1', 'a', 'b']],
    settings: { remirrorStopShare: 0.5 },
  });
  const client = await attach(cluster, 'a', 'v1');
  const cut = ['b', 'c', 'd'].flatMap((peer) => cluster.pipesBetween('a', peer));
  for (const pipe of cut) pipe.hold();
  const lost = () => cluster.records.filter((r) => r.kind === 'detector' && r.source === 'a' && r.state === 'lost');
  await cluster.until('a has lost all of its peers', () => lost().length === 3);
  const write = client.write(0, Buffer.alloc(BLOCK, 1), { fua: false });
  const stats = () => cluster.records.filter((r) => r.kind === 'node' && r.source === 'a' && r.stuck === 1);
  await cluster.until('a reports the volume as stuck', () => stats().length >= 3);
  // One peer may have been lost a heartbeat before the others; what was begun then has ended.
  const attempts = () => Math.max(...stats().map((r) => (r.kind === 'node' ? r.searchAttempts : 0)));
  const before = attempts();
  const count = stats().length;
  await cluster.until('two more reports', () => stats().length >= count + 2);
  expect(attempts()).toBe(before);
  for (const pipe of cluster.pipesBetween('a', 'c')) pipe.release();
  for (const pipe of cluster.pipesBetween('a', 'd')) pipe.release();
  await cluster.until('a is mirrored elsewhere', () => cluster.events('v1').includes('a confirmed'));
  await write;
}, 20_000);
