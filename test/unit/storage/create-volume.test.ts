import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ControlPlaneError } from '../../../fixtures/storage/control-plane/control-plane-error.ts';
import { listReplicas } from '../../../fixtures/storage/disk/list-replicas.ts';
import type { StorageSettings } from '../../../harness/scenario/plan.ts';
import { TestCluster } from './test-cluster.ts';

let cluster: TestCluster;
const NODES = ['a', 'b', 'c'];
const start = async (settings: Partial<StorageSettings> = {}) => {
  // One volume of a and b: a and b have `slotsPerNode` − 1 free slots, c all of its own.
  cluster = await TestCluster.start({ nodes: NODES, volumes: [['v1', 'a', 'b']], settings });
};
afterEach(async () => {
  await cluster[Symbol.asyncDispose]();
});

const create = (limitMs = 5000) => cluster.control.request('createVolume', { zone: 'z' }, limitMs);
const remove = (volume: string) => cluster.control.request('deleteVolume', { volume }, 5000);
const lookup = (volume: string) => cluster.control.request('lookup', { volume }, 5000);
const replicas = async () => {
  const held = await Promise.all(
    NODES.map(async (node) => (await listReplicas(cluster.dataDir(node))).map((meta) => ({ node, ...meta }))),
  );
  return held.flat().filter(({ volume }) => volume !== 'v1');
};
const untilGone = async () => {
  for (let left = 100; left > 0; left -= 1) {
    // A slot may be freed between its being listed and its being read.
    const held = await replicas().catch(() => null);
    if (held?.length === 0) return held;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return replicas();
};
const control = () => cluster.records.findLast((record) => record.kind === 'control');

describe('with room', () => {
  beforeEach(() => start());

  test('a volume is two replicas on two nodes’ disks, and one in the store', async () => {
    const { created } = await create();
    const config = await lookup(created);
    expect(config).toMatchObject({ epoch: 1, joining: null, retained: null });
    expect(config.primary).not.toBe(config.mirror);
    const held = await replicas();
    expect(held).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ node: config.primary, volume: created, role: 'primary', state: 'current' }),
        expect.objectContaining({ node: config.mirror, volume: created, role: 'mirror', state: 'current' }),
      ]),
    );
    expect(held).toHaveLength(2);
  });

  test('a volume that is deleted leaves the store at once, and its slots soon', async () => {
    const { created } = await create();
    expect(await remove(created)).toEqual({ deleted: created });
    await expect(lookup(created)).rejects.toMatchObject({ code: 'unknown-volume' });
    expect(await untilGone()).toEqual([]);
    await expect(remove(created)).rejects.toMatchObject({ code: 'unknown-volume' });
  });

  test('a replica whose node cannot be told of the deletion goes when it can be', async () => {
    const { created } = await create();
    const { mirror } = await lookup(created);
    const [pipe] = cluster.pipesFrom('control-plane', mirror ?? '');
    pipe?.hold();
    await remove(created);
    const holders = async () => (await replicas().catch(() => [])).map(({ node }) => node);
    await expect.poll(holders, { timeout: 5_000 }).toEqual([mirror]);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(await holders()).toEqual([mirror]);
    pipe?.release();
    expect(await untilGone()).toEqual([]);
  });

  test('a volume that its user has given up is taken back, and counted as work in vain', async () => {
    const pipes = NODES.flatMap((node) => cluster.pipesFrom('control-plane', node));
    for (const pipe of pipes) pipe.hold();
    await expect(create(150)).rejects.toMatchObject({ code: 'timeout' });
    for (const pipe of pipes) pipe.release();
    await cluster.until('the work on it has ended', () => {
      const record = control();
      return record?.kind === 'control' && (record.expired ?? 0) === 1;
    });
    expect(await untilGone()).toEqual([]);
    const created = cluster.records.filter((record) => record.kind === 'election' && record.event === 'created');
    expect(created).toHaveLength(2); // v1, and the one in vain
  });

  test('a volume whose user is not connected any more is taken back, as nobody knows its name', async () => {
    const pipes = NODES.flatMap((node) => cluster.pipesFrom('control-plane', node));
    for (const pipe of pipes) pipe.hold();
    const asked = create().catch((error: ControlPlaneError) => error.code);
    await new Promise((resolve) => setTimeout(resolve, 150));
    cluster.control.close();
    expect(await asked).toBe('closed');
    for (const pipe of pipes) pipe.release();
    await cluster.until('it was created all the same', () =>
      cluster.records.some(
        (record) => record.kind === 'election' && record.event === 'created' && record.volume !== 'v1',
      ),
    );
    expect(await untilGone()).toEqual([]);
  });

  test('an attached volume is not deleted, and says whose it is', async () => {
    const attached = await cluster.control.request('attachVolume', { volume: 'v1', instance: 'i-1' }, 1000);
    expect(attached).toEqual({ attachedTo: 'i-1', primary: 'a' });
    await expect(remove('v1')).rejects.toMatchObject({ code: 'in-use' });
    const asked = { volumes: ['v1', 'v9'] };
    const { volumes } = await cluster.control.request('describeVolumes', asked, 1000);
    expect(volumes).toMatchObject([{ volume: 'v1', attachedTo: 'i-1' }]);
  });
});

describe('without room', () => {
  const TIMEOUT_MS = 600;
  beforeEach(() => start({ slotsPerNode: 1, createTimeoutMs: TIMEOUT_MS, controlPlaneWorkers: 2 }));

  test('a creation takes its worker until the timeout, and others’ calls wait for one', async () => {
    const begun = performance.now();
    const took = async (call: Promise<unknown>) => {
      const answer = await call.catch((error: ControlPlaneError) => error.code);
      return { answer, ms: performance.now() - begun };
    };
    // c has the only free slot: one is found in every look, and given back.
    const hanging = [took(create()), took(create())];
    await new Promise((resolve) => setTimeout(resolve, 50));
    const behind = took(lookup('v1'));
    for (const { answer, ms } of await Promise.all(hanging)) {
      expect(answer).toBe('no-room');
      expect(ms).toBeGreaterThan(TIMEOUT_MS - 5);
    }
    expect((await behind).ms).toBeGreaterThan(TIMEOUT_MS - 5);
    expect(await replicas()).toEqual([]);
    await cluster.until('the wait is told', () =>
      cluster.records.some(
        (record) => record.kind === 'control' && record.queueMaxMs > TIMEOUT_MS - 200 && record.busyMax === 2,
      ),
    );
    // Much sooner than a reservation that nobody gives back runs out.
    const isFreeAgain = () => {
      const stats = cluster.records.findLast((record) => record.source === 'c' && record.kind === 'node');
      return stats?.kind === 'node' && stats.slotsReserved === 0 && stats.slotsFree === 1;
    };
    await cluster.until('the promised slot is free again', isFreeAgain, 1500);
  });
});
