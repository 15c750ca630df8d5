import { describe, expect, test } from 'vitest';
import { PoolDroppedError, WorkerPool } from '../../../fixtures/storage/control-plane/worker-pool.ts';
import { WorkerPools } from '../../../fixtures/storage/control-plane/worker-pools.ts';
import type { StorageSettings } from '../../../harness/scenario/plan.ts';
import { testConfig } from './test-config.ts';

const ZONES = ['use1-a', 'use1-b'];
const pools = (settings: Partial<StorageSettings>, zones: readonly string[] = ZONES) =>
  new WorkerPools(testConfig({ storage: { controlPlaneWorkers: 5, ...settings } }).storage, zones, () => 0);
const sizes = (of: WorkerPools) => Object.fromEntries(of.entries().map(([name, { workers }]) => [name, workers]));

describe('a call whose caller has given up before its turn', () => {
  const outcomes = async (dropExpired: boolean) => {
    let clock = 0;
    const pool = new WorkerPool({ workers: 1, queueLimit: 9, dropExpired, now: () => clock });
    const slow = Promise.withResolvers<void>();
    const first = pool.run(() => slow.promise);
    const queued = [100, 10_000].map((deadline) =>
      pool.run(
        () => `served at ${clock}`,
        () => clock > deadline,
      ),
    );
    clock = 5000;
    slow.resolve();
    await first;
    const settled = await Promise.allSettled(queued);
    expect(pool.busyWorkers).toBe(0);
    expect(pool.takeWaitMaxMs()).toBe(5000);
    return settled.map((one) => (one.status === 'fulfilled' ? one.value : one.reason));
  };

  test('takes a worker all the same, as in 2011', async () => {
    expect(await outcomes(false)).toEqual(['served at 5000', 'served at 5000']);
  });

  test('is left alone by a pool that sheds load, and the next one is served', async () => {
    expect(await outcomes(true)).toEqual([expect.any(PoolDroppedError), 'served at 5000']);
  });
});

test('tells the most workers that were busy at once since it was asked before', async () => {
  const pool = new WorkerPool({ workers: 3, queueLimit: 9, now: () => 0 });
  const gate = Promise.withResolvers<void>();
  const two = [pool.run(() => gate.promise), pool.run(() => undefined)];
  await two[1];
  expect(pool.takeBusyMax()).toBe(2);
  expect(pool.takeBusyMax()).toBe(1);
  gate.resolve();
  await Promise.all(two);
  expect(pool.takeBusyMax()).toBe(1);
  expect(pool.takeBusyMax()).toBe(0);
});

describe('whose workers a call takes', () => {
  test('in 2011 every call of the Region takes the same', () => {
    const region = pools({});
    expect(sizes(region)).toEqual({ region: 5 });
    const taken = new Set(
      ZONES.flatMap((zone) => [
        region.for('createVolume', zone),
        region.for('elect', zone),
        region.for('lookup', zone),
      ]),
    );
    expect(taken.size).toBe(1);
  });

  test('with pools for zones, the zone’s own, and all together are as many as before', () => {
    const own = pools({ poolPerZone: 1 });
    expect(sizes(own)).toEqual({ 'use1-a': 3, 'use1-b': 2 });
    expect(own.for('createVolume', 'use1-a')).toBe(own.for('elect', 'use1-a'));
    expect(own.for('createVolume', 'use1-a')).not.toBe(own.for('createVolume', 'use1-b'));
    // Who says no zone is somebody’s too.
    expect(own.for('lookup', undefined)).toBe(own.for('lookup', 'use1-a'));
  });

  test('with workers for elections, a zone’s users cannot keep its nodes’ calls from them', () => {
    const own = pools({ electionWorkers: 2 });
    expect(sizes(own)).toEqual({ region: 5, 'elections of use1-a': 2, 'elections of use1-b': 2 });
    expect(own.for('createVolume', 'use1-a')).toBe(own.for('describeVolumes', 'use1-b'));
    for (const operation of ['elect', 'promote', 'confirm', 'members', 'lookup'] as const) {
      expect(own.for(operation, 'use1-b'), operation).not.toBe(own.for('createVolume', 'use1-b'));
    }
    expect(own.for('elect', 'use1-a')).not.toBe(own.for('elect', 'use1-b'));
  });

  test('without any zone there is still the Region’s pool', () => {
    expect(sizes(pools({ poolPerZone: 1, electionWorkers: 2 }, []))).toEqual({ region: 5 });
    expect(pools({ poolPerZone: 1, electionWorkers: 2 }, []).for('elect', 'z').workers).toBe(5);
  });
});
