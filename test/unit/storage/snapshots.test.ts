import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { ControlPlaneError } from '../../../fixtures/storage/control-plane/control-plane-error.ts';
import { listReplicas } from '../../../fixtures/storage/disk/list-replicas.ts';
import { connectNbd, type NbdClient } from '../../../fixtures/storage/nbd/client.ts';
import type { StorageSettings } from '../../../harness/scenario/plan.ts';
import { BLOCK_BYTES, lastWriteOf, OrderedWrites } from './ordered-writes.ts';
import { TestCluster } from './test-cluster.ts';

const VOLUME_BYTES = 256 * 1024;
const NODES = ['a', 'b', 'c', 'd'];
const TIMEOUT_MS = 800;

type Volumes = Parameters<typeof TestCluster.start>[0]['volumes'];
const start = (settings: Partial<StorageSettings> = {}, volumes: Volumes = [['v1', 'a', 'b']]) =>
  TestCluster.start({ nodes: NODES, volumes, settings });
const open = (cluster: TestCluster, node: string, volume: string): Promise<NbdClient> =>
  connectNbd({ ...cluster.nbd(node), exportName: volume, connectTimeoutMs: 2000 });
const contentOf = async (cluster: TestCluster, node: string, volume: string) => {
  const client = await open(cluster, node, volume);
  const data = await client.read(0, VOLUME_BYTES);
  await client.close();
  return data;
};
const take = (cluster: TestCluster, volume = 'v1') => cluster.control.request('createSnapshot', { volume }, 5000);
const restore = (cluster: TestCluster, snapshot: string) =>
  cluster.control.request('restoreSnapshot', { snapshot, zone: 'z' }, 8000);
const lookup = (cluster: TestCluster, volume: string) => cluster.control.request('lookup', { volume }, 5000);
const pathOf = (cluster: TestCluster, snapshot: string) =>
  join(cluster.dataDir('control-plane'), 'snapshots', `${snapshot}.data`);
const bytesOf = (cluster: TestCluster, snapshot: string) => readFile(pathOf(cluster, snapshot));
const replicasOf = async (cluster: TestCluster, volume: string) => {
  const held = await Promise.all(
    NODES.map(async (node) => (await listReplicas(cluster.dataDir(node))).map((meta) => ({ node, ...meta }))),
  );
  return held.flat().filter((meta) => meta.volume === volume);
};
const restoreZone = (cluster: TestCluster, failedNodes: readonly string[], batchSize = 10) =>
  cluster.control.request('restoreUnrecoverable', { zone: 'z', failedNodes, batchSize }, 10_000);
const codeOf = (error: ControlPlaneError) => error.code;
const kill = (cluster: TestCluster, ...nodes: readonly string[]) =>
  Promise.all(nodes.map((node) => cluster.stopProgram(node, 'SIGKILL')));
const pastLeases = () => new Promise((resolve) => setTimeout(resolve, 700));

test('a new volume has what the snapshot had, on two disks, whatever was written since', async () => {
  await using cluster = await start();
  const writes = new OrderedWrites(await open(cluster, 'a', 'v1'), VOLUME_BYTES);
  await writes.write(20);
  const { snapshot } = await take(cluster);
  await writes.write(30);
  const stored = await bytesOf(cluster, snapshot);
  expect(lastWriteOf(stored)).toBe(20);
  const { created } = await restore(cluster, snapshot);
  const config = await lookup(cluster, created);
  expect(config.primary).not.toBe(config.mirror);
  expect((await contentOf(cluster, config.primary, created)).equals(stored)).toBe(true);
  const held = await replicasOf(cluster, created);
  expect(held.map(({ node, role, state }) => [node, role, state]).sort()).toEqual(
    [
      [config.primary, 'primary', 'current'],
      [config.mirror, 'mirror', 'current'],
    ].sort(),
  );
  for (const { path } of held) expect((await readFile(path)).equals(stored)).toBe(true);
  // It is a volume like any other: what is written to it is mirrored.
  const client = await open(cluster, config.primary, created);
  await client.write(0, Buffer.alloc(BLOCK_BYTES, 9), { fua: true });
  for (const { path } of held) expect((await readFile(path)).readUInt8(0)).toBe(9);
});

test('snapshots are listed, outlive a restart of the control plane, and go when deleted', async () => {
  await using cluster = await start();
  const first = await take(cluster);
  const second = await take(cluster);
  await cluster.stopProgram('control-plane', 'SIGKILL');
  await writeFile(pathOf(cluster, 'torn'), 'bytes that were never entered');
  cluster.startProgram('control-plane');
  const listed = async (volume?: string) => {
    const call = () => cluster.control.request('describeSnapshots', volume === undefined ? {} : { volume }, 3000);
    const { snapshots } = await call().catch(call).catch(call);
    return snapshots.map((one) => one.snapshot);
  };
  expect(await listed('v1')).toEqual([first.snapshot, second.snapshot]);
  expect(await listed('v2')).toEqual([]);
  await expect(bytesOf(cluster, 'torn')).rejects.toThrow('ENOENT');
  const remove = () => cluster.control.request('deleteSnapshot', { snapshot: first.snapshot }, 3000);
  expect(await remove()).toEqual({ deleted: first.snapshot });
  expect(await listed()).toEqual([second.snapshot]);
  await expect(bytesOf(cluster, first.snapshot)).rejects.toThrow('ENOENT');
  expect(await remove().catch(codeOf)).toBe('unknown-snapshot');
  expect(await restore(cluster, first.snapshot).catch(codeOf)).toBe('unknown-snapshot');
  expect(await take(cluster, 'v9').catch(codeOf)).toBe('unknown-volume');
});

test('a snapshot under writes is of one point in their order', async () => {
  await using cluster = await start();
  const writes = new OrderedWrites(await open(cluster, 'a', 'v1'), VOLUME_BYTES);
  await writes.write(writes.blocks);
  writes.start();
  // The parts take their time, so that many writes come between them.
  for (const pipe of cluster.pipesFrom('control-plane', 'a')) pipe.delayMs = 12;
  for (let left = 6; left > 0; left -= 1) {
    const before = writes.acknowledged;
    const { snapshot } = await take(cluster);
    const last = lastWriteOf(await bytesOf(cluster, snapshot));
    expect(last, 'torn between writes').not.toBeNull();
    expect(last).toBeGreaterThanOrEqual(before);
    expect(last).toBeLessThanOrEqual(writes.sent);
    // Otherwise this proves nothing.
    expect(writes.acknowledged - before).toBeGreaterThan(10);
  }
  await writes.stop();
});

test('of a stuck volume there is none in 2011: the call takes its worker until the time is over', async () => {
  await using cluster = await start({ slotsPerNode: 1, snapshotTimeoutMs: TIMEOUT_MS, controlPlaneWorkers: 1 }, [
    ['v1', 'a', 'b'],
    ['v2', 'c', 'd'],
  ]);
  await kill(cluster, 'b');
  await cluster.until('v1 is stuck', () => cluster.events('v1').includes('a searching'));
  const begun = performance.now();
  const call = take(cluster).catch(codeOf);
  await new Promise((resolve) => setTimeout(resolve, 50));
  await lookup(cluster, 'v2');
  // The one worker was taken.
  expect(performance.now() - begun).toBeGreaterThan(TIMEOUT_MS - 20);
  expect(await call).toBe('unreadable');
});

test('with the remedy a stuck volume is read where it is blocked, with every acknowledged write', async () => {
  await using cluster = await start({ slotsPerNode: 1, snapshotStuck: 1 }, [
    ['v1', 'a', 'b'],
    ['v2', 'c', 'd'],
  ]);
  const writes = new OrderedWrites(await open(cluster, 'a', 'v1'), VOLUME_BYTES);
  await writes.write(25);
  await kill(cluster, 'b');
  await cluster.until('v1 is stuck', () => cluster.events('v1').includes('a searching'));
  // This one hangs, and may be in the snapshot: it was never acknowledged.
  void writes.write(1).catch(() => undefined);
  const { snapshot } = await take(cluster);
  expect([25, 26]).toContain(lastWriteOf(await bytesOf(cluster, snapshot)));
  const { snapshots } = await cluster.control.request('describeSnapshots', {}, 1000);
  expect(snapshots).toMatchObject([{ volume: 'v1', node: 'a', role: 'primary', epoch: 1 }]);
});

test('with the remedy a volume without a primary is read from its confirmed mirror', async () => {
  // Nobody asks to be promoted for as long as this takes.
  await using cluster = await start({ snapshotStuck: 1, detectorMs: 6000, leaseMs: 6000 });
  const writes = new OrderedWrites(await open(cluster, 'a', 'v1'), VOLUME_BYTES);
  await writes.write(25);
  await kill(cluster, 'a');
  const { snapshot } = await take(cluster);
  expect(lastWriteOf(await bytesOf(cluster, snapshot))).toBe(25);
  const { snapshots } = await cluster.control.request('describeSnapshots', {}, 1000);
  expect(snapshots).toMatchObject([{ node: 'b', role: 'mirror', epoch: 1 }]);
});

test('a damaged snapshot is given to nobody', async () => {
  await using cluster = await start();
  const { snapshot } = await take(cluster);
  const bytes = await bytesOf(cluster, snapshot);
  bytes.writeUInt8(1, 100_000);
  await writeFile(pathOf(cluster, snapshot), bytes);
  expect(await restore(cluster, snapshot).catch(codeOf)).toBe('damaged');
  await cluster.until('it is told', () =>
    cluster.records.some((one) => one.kind === 'snapshot' && one.event === 'damaged' && one.snapshot === snapshot),
  );
});

test('in a full cluster a restoration looks for room until its time is over, and leaves nothing', async () => {
  await using cluster = await start({ slotsPerNode: 1, createTimeoutMs: TIMEOUT_MS });
  // c and d have one slot each, so one volume fits, and not two.
  const { snapshot } = await take(cluster);
  const { created } = await restore(cluster, snapshot);
  const begun = performance.now();
  expect(await restore(cluster, snapshot).catch(codeOf)).toBe('no-room');
  expect(performance.now() - begun).toBeGreaterThan(TIMEOUT_MS - 20);
  await cluster.control.request('deleteVolume', { volume: created }, 3000);
  // Nothing of the one in vain holds a slot for longer than a promise lasts.
  let again: string | null = null;
  for (let left = 10; left > 0 && again === null; left -= 1) {
    again = await restore(cluster, snapshot).then(
      (answer) => answer.created,
      () => null,
    );
  }
  expect(again).toMatch(/^z-user/);
});

test('a snapshot and a volume that their user has given up go again', async () => {
  await using cluster = await start({ snapshotTimeoutMs: 8000, createTimeoutMs: 8000 });
  const { snapshot } = await take(cluster);
  const pipes = NODES.flatMap((node) => cluster.pipesFrom('control-plane', node));
  for (const pipe of pipes) pipe.delayMs = 15;
  const givenUp = [
    cluster.control.request('createSnapshot', { volume: 'v1' }, 100),
    cluster.control.request('restoreSnapshot', { snapshot, zone: 'z' }, 100),
  ];
  expect(await Promise.all(givenUp.map((call) => call.catch(codeOf)))).toEqual(['timeout', 'timeout']);
  const events = () => cluster.records.flatMap((one) => (one.kind === 'snapshot' ? [one.event] : []));
  await cluster.until('both are done', () => events().filter((event) => event !== 'taken').length === 2, 12_000);
  expect(events().sort()).toEqual(['deleted', 'restored', 'taken', 'taken']);
  for (const pipe of pipes) pipe.delayMs = 0;
  const created = cluster.records.findLast((one) => one.kind === 'election')?.volume ?? '';
  await cluster.until('it is counted as in vain', () =>
    cluster.records.some((one) => one.kind === 'control' && one.expired === 2),
  );
  expect(await lookup(cluster, created).catch(codeOf)).toBe('unknown-volume');
  expect((await cluster.control.request('describeSnapshots', {}, 1000)).snapshots).toHaveLength(1);
});

const fillingOn = async (cluster: TestCluster) => {
  const held = await Promise.all(NODES.map((node) => listReplicas(cluster.dataDir(node)).catch(() => [])));
  return NODES.filter((_, index) => held[index]?.some(({ state }) => state === 'filling'));
};
/** Settles with nodes that hold a replica that is being filled, or with those that do at last. */
const whileFilling = async (cluster: TestCluster, isEnough: (nodes: readonly string[]) => boolean) => {
  let nodes = await fillingOn(cluster);
  for (let left = 300; left > 0 && !isEnough(nodes); left -= 1) {
    await new Promise((resolve) => setTimeout(resolve, 10));
    nodes = await fillingOn(cluster);
  }
  return nodes;
};

test('what was given up half filled leaves its slot when its node starts again', async () => {
  await using cluster = await start({ createTimeoutMs: 3000 });
  const { snapshot } = await take(cluster);
  for (const node of NODES) for (const pipe of cluster.pipesFrom('control-plane', node)) pipe.delayMs = 100;
  void restore(cluster, snapshot).catch(() => undefined);
  const [node = ''] = await whileFilling(cluster, (nodes) => nodes.length > 0);
  expect(NODES).toContain(node);
  await kill(cluster, 'control-plane', node);
  cluster.startProgram(node);
  await cluster.until('it is back', () => {
    return cluster.records.filter((one) => one.source === node && one.kind === 'ready').length === 2;
  });
  expect(await fillingOn(cluster)).not.toContain(node);
});

test('a node that falls silent half filled is left for others, and gives its slot back', async () => {
  await using cluster = await start({ createTimeoutMs: 8000 });
  const { snapshot } = await take(cluster);
  const pipes = NODES.flatMap((node) => cluster.pipesFrom('control-plane', node));
  for (const pipe of pipes) pipe.delayMs = 30;
  const restored = restore(cluster, snapshot);
  const [silent = ''] = await whileFilling(cluster, (nodes) => nodes.length === 2);
  for (const pipe of cluster.pipesFrom('control-plane', silent)) pipe.hold();
  const { primary, mirror } = await lookup(cluster, (await restored).created);
  expect([primary, mirror]).not.toContain(silent);
  expect(await fillingOn(cluster)).toEqual([silent]);
  for (const pipe of cluster.pipesFrom('control-plane', silent)) pipe.release();
  expect(await whileFilling(cluster, (nodes) => nodes.length === 0)).toEqual([]);
});

test('the control plane’s own snapshots: of each volume in turn, and only the newest stays', async () => {
  await using cluster = await start({ snapshotEveryMs: 60 }, [
    ['v1', 'a', 'b'],
    ['v2', 'c', 'd'],
  ]);
  await cluster.until('each has had some', () => {
    const taken = cluster.records.filter((one) => one.kind === 'snapshot' && one.event === 'taken');
    return taken.length >= 6;
  });
  const { snapshot } = await take(cluster);
  const { snapshots } = await cluster.control.request('describeSnapshots', {}, 1000);
  const own = snapshots.filter(({ isPrecaution }) => isPrecaution);
  // One of each; for a moment the one before is there too.
  expect(new Set(own.map(({ volume }) => volume))).toEqual(new Set(['v1', 'v2']));
  expect(own.length).toBeLessThanOrEqual(3);
  // A user's stays until the user deletes it.
  await cluster.until('more have been taken', () => {
    return cluster.records.filter((one) => one.kind === 'snapshot' && one.isPrecaution).length > 30;
  });
  const after = await cluster.control.request('describeSnapshots', { volume: 'v1' }, 1000);
  expect(after.snapshots.map((one) => one.snapshot)).toContain(snapshot);
});

test('an unrecoverable volume gets its snapshot back, on other nodes; its old copies go', async () => {
  await using cluster = await start({}, [
    ['v1', 'a', 'b'],
    ['v2', 'b', 'a'],
    ['v3', 'a', 'c'],
  ]);
  const writes = new OrderedWrites(await open(cluster, 'a', 'v1'), VOLUME_BYTES);
  await writes.write(20);
  const { snapshot } = await take(cluster);
  await writes.write(5);
  const stored = await bytesOf(cluster, snapshot);
  await kill(cluster, 'a', 'b');
  expect(await restoreZone(cluster, ['a', 'b']).catch(codeOf)).toBe('node-alive');
  await pastLeases();
  expect(await restoreZone(cluster, ['a', 'c']).catch(codeOf)).toBe('node-alive');
  expect(await restoreZone(cluster, ['a', 'b'])).toEqual({
    restored: [{ volume: 'v1', snapshot }],
    withoutSnapshot: ['v2'],
    failed: [],
    left: 0,
  });
  const config = await lookup(cluster, 'v1');
  expect(config).toMatchObject({ epoch: 2, joining: null, retained: null });
  expect([config.primary, config.mirror].sort()).toEqual(['c', 'd']);
  expect((await contentOf(cluster, config.primary, 'v1')).equals(stored)).toBe(true);
  // It is told, with the writes that the snapshot has, so that the ledger knows what is given up.
  const told = cluster.records.find((one) => one.kind === 'snapshot' && one.event === 'restored');
  expect(told).toMatchObject({ volume: 'v1', into: 'v1', snapshot, extents: expect.any(Array) });
  expect(cluster.records.findLast((one) => one.kind === 'election' && one.volume === 'v1')).toMatchObject({
    event: 'restored',
    epoch: 2,
    primary: config.primary,
    mirror: config.mirror,
  });
  expect(cluster.events('v1').slice(-2)).toEqual([`${config.mirror} restored`, `${config.primary} restored`]);
  // Nothing to do a second time.
  expect(await restoreZone(cluster, ['a', 'b'])).toMatchObject({ restored: [], withoutSnapshot: ['v2'], left: 0 });
  const order = { do: 'restore', zone: 'z', failedNodes: ['a', 'b'], batchSize: 4 } as const;
  expect(await cluster.tell('control-plane', order)).toEqual({ restored: 0, withoutSnapshot: 1, failed: 0, left: 0 });
  await expect(cluster.tell('control-plane', { ...order, failedNodes: ['c'] })).rejects.toThrow('node-alive');
  cluster.startProgram('a');
  cluster.startProgram('b');
  await cluster.until('the old copies are released', () => {
    return ['a', 'b'].every((node) => cluster.events('v1').includes(`${node} released`));
  });
  expect((await contentOf(cluster, config.primary, 'v1')).equals(stored)).toBe(true);
});

test('restoring goes by batches, skips damaged snapshots, and says what has no room', async () => {
  await using cluster = await start({ slotsPerNode: 3, createTimeoutMs: 2000 }, [
    ['v1', 'a', 'b'],
    ['v2', 'a', 'b'],
    ['v3', 'b', 'a'],
    ['v4', 'c', 'd'],
  ]);
  const older = await take(cluster, 'v1');
  const newer = await take(cluster, 'v1');
  await writeFile(pathOf(cluster, newer.snapshot), 'not these bytes');
  for (const volume of ['v2', 'v3']) await take(cluster, volume);
  await kill(cluster, 'a', 'b');
  await pastLeases();
  const gone = ['a', 'b'];
  // c and d have two slots each: room for two of the three.
  expect(await restoreZone(cluster, gone, 1)).toMatchObject({
    restored: [{ volume: 'v1', snapshot: older.snapshot }],
    left: 2,
  });
  const second = await restoreZone(cluster, gone, 2);
  expect(second.restored).toHaveLength(1);
  expect(second.failed).toHaveLength(1);
  const [failed = ''] = second.failed;
  expect(await lookup(cluster, failed)).toMatchObject({ epoch: 1, mirror: expect.stringMatching(/[ab]/) });
  expect((await replicasOf(cluster, failed)).map(({ node }) => node).sort()).toEqual(['a', 'b']);
});
