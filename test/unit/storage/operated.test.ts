import { afterEach, expect, test } from 'vitest';
import type { NodeRecord } from '../../../harness/history/records.ts';
import type { StorageSettings } from '../../../harness/scenario/plan.ts';
import { TestCluster } from './test-cluster.ts';

let cluster: TestCluster;
afterEach(async () => {
  await cluster[Symbol.asyncDispose]();
});

/** Three nodes with two replicas each, so that there is no room where `slotsPerNode` is 2. */
async function start(settings: Partial<StorageSettings> = {}, spares: readonly string[] = []): Promise<void> {
  cluster = await TestCluster.start({
    nodes: ['a', 'b', 'c'],
    spares,
    volumes: [
      ['v1', 'a', 'b'],
      ['v2', 'c', 'b'],
      ['v3', 'a', 'c'],
    ],
    settings,
  });
}
const stats = (node: string): NodeRecord | undefined => {
  const found = cluster.records.findLast((record) => record.source === node && record.kind === 'node');
  return found?.kind === 'node' ? found : undefined;
};
const create = (limitMs = 5000) => cluster.control.request('createVolume', { zone: 'z' }, limitMs);
const after = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

test('creation that is disabled is refused at once, also where it is under way, until it is enabled', async () => {
  await start({ slotsPerNode: 2, createTimeoutMs: 60_000, createRetryMs: 20 });
  const underWay = create(10_000);
  await after(100);
  const state = await cluster.tell('control-plane', { do: 'creation', zone: 'z', allowed: false });
  expect(state).toMatchObject({ creation: 'disabled', nodes: 3 });
  await expect(underWay).rejects.toMatchObject({ code: 'creation-disabled' });
  const begun = performance.now();
  await expect(create()).rejects.toMatchObject({ code: 'creation-disabled' });
  expect(performance.now() - begun).toBeLessThan(200);
  expect(await cluster.tell('control-plane', { do: 'creation', zone: 'z', allowed: true })).toMatchObject({
    creation: 'enabled',
  });
  await expect(cluster.tell('control-plane', { do: 'creation', zone: 'y', allowed: true })).rejects.toThrow('zone y');
});

test('a stopped search makes no attempt, a copy in its place is made once it may go on', async () => {
  await start();
  await Promise.all(['a', 'c'].map((node) => cluster.tell(node, { do: 'search', allowed: false })));
  await cluster.stopProgram('b', 'SIGKILL');
  await cluster.until(
    'both volumes have lost b',
    () => cluster.records.filter((one) => one.kind === 'volume' && one.event === 'partner-lost').length >= 2,
  );
  await after(700);
  expect([stats('a')?.searchAttempts, stats('c')?.searchAttempts]).toEqual([0, 0]);
  expect(await cluster.tell('a', { do: 'search', allowed: true })).toMatchObject({ search: 'going' });
  await cluster.until('v1 is mirrored on c', () => cluster.events('v1').includes('a confirmed'));
  expect(cluster.events('v2')).not.toContain('c confirmed');
});

test('a node that joins is a peer, and has the room that there was none of', async () => {
  await start({ slotsPerNode: 2 }, ['d']);
  // Of six slots four are taken; without b there are none for two.
  await cluster.stopProgram('b', 'SIGKILL');
  await cluster.until('both volumes search', () =>
    ['v1', 'v2'].every((volume) => cluster.events(volume).some((one) => one.endsWith('searching'))),
  );
  cluster.startProgram('d');
  await cluster.until('d is ready', () => cluster.records.some((one) => one.source === 'd' && one.kind === 'ready'));
  for (const node of ['a', 'c']) {
    const dials = cluster.dials(node, 'd');
    expect(await cluster.tell(node, { do: 'join', zone: 'z', node: 'd', dials })).toMatchObject({ peers: 3 });
  }
  const dials = cluster.dials('control-plane', 'd');
  expect(await cluster.tell('control-plane', { do: 'join', zone: 'z', node: 'd', dials })).toMatchObject({ nodes: 4 });
  await cluster.until(
    'both are mirrored',
    () =>
      ['v1 a', 'v2 c'].every((one) =>
        cluster.events(one.split(' ')[0] ?? '').includes(`${one.split(' ')[1]} confirmed`),
      ),
    15_000,
  );
  // Told twice it stays one peer.
  expect(await cluster.tell('a', { do: 'join', zone: 'z', node: 'd', dials: cluster.dials('a', 'd') })).toMatchObject({
    peers: 3,
  });
});

test('workers of its own serve a zone while those of the Region are taken', async () => {
  await start({ slotsPerNode: 2, createTimeoutMs: 60_000, createRetryMs: 20, controlPlaneWorkers: 1 });
  const held = create(10_000).catch(() => null);
  await after(100);
  // The only worker looks for room: nobody else is answered.
  await expect(cluster.control.request('lookup', { volume: 'v1' }, 300)).rejects.toMatchObject({ code: 'timeout' });
  const state = await cluster.tell('control-plane', { do: 'dedicate', zone: 'z', workers: 2 });
  expect(state).toMatchObject({ dedicatedWorkers: 2 });
  await cluster.stopProgram('a', 'SIGKILL');
  await cluster.until('the mirrors of a are promoted', () =>
    ['v1 b', 'v3 c'].every((one) => cluster.events(one.slice(0, 2)).includes(`${one.slice(3)} promoted`)),
  );
  const record = cluster.records.findLast((one) => one.kind === 'control');
  const pool = record?.kind === 'control' ? record.pools?.find(({ name }) => name === 'z alone') : undefined;
  expect(pool).toMatchObject({ workers: 2 });
  void held;
});

test('when no node of a zone is heard, its API is refused at once, and instances are still told where a volume is', async () => {
  await start();
  for (const node of ['a', 'b', 'c']) for (const pipe of cluster.pipesFrom(node, 'control-plane')) pipe.hold();
  // As long as a lease lasts nothing is said.
  await after(800);
  const begun = performance.now();
  await expect(create()).rejects.toMatchObject({ code: 'no-cluster' });
  await expect(cluster.control.request('attachVolume', { volume: 'v1', instance: 'i' }, 2000)).rejects.toMatchObject({
    code: 'no-cluster',
  });
  await expect(cluster.control.request('describeVolumes', { volumes: ['v1'] }, 2000)).rejects.toMatchObject({
    code: 'no-cluster',
  });
  expect(performance.now() - begun).toBeLessThan(500);
  expect(await cluster.control.request('lookup', { volume: 'v1' }, 2000)).toMatchObject({ primary: 'a' });
  for (const node of ['a', 'b', 'c']) for (const pipe of cluster.pipesFrom(node, 'control-plane')) pipe.release();
  await cluster.until('they are heard again', () => true);
  await after(400);
  expect(await cluster.control.request('describeVolumes', { volumes: ['v1'] }, 2000)).toMatchObject({
    volumes: [{ volume: 'v1' }],
  });
});

test('what is not a program’s to do is refused, and the program goes on', async () => {
  await start();
  await expect(cluster.tell('a', { do: 'creation', zone: 'z', allowed: false })).rejects.toThrow('no part in');
  await expect(cluster.tell('control-plane', { do: 'search', allowed: false })).rejects.toThrow('no part in');
  expect(await cluster.tell('a', { do: 'readmit', perSecond: 2 })).toMatchObject({
    perSecond: 2,
    search: 'going',
    peers: 2,
  });
});
