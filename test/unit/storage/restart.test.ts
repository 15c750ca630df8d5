import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { listReplicas } from '../../../fixtures/storage/disk/list-replicas.ts';
import { connectNbd, type NbdClient } from '../../../fixtures/storage/nbd/client.ts';
import { TestCluster } from './test-cluster.ts';

const BLOCK = 4096;

test('after quick restarts of primary, mirror and control plane a volume goes on with the same replicas', async () => {
  await using cluster = await TestCluster.start({
    nodes: ['a', 'b', 'c'],
    volumes: [['v1', 'a', 'b']],
    settings: { detectorMs: 6000, leaseMs: 7000 },
  });
  const before = await attach(cluster);
  await before.write(0, Buffer.alloc(BLOCK, 1), { fua: false });
  // What a crash between the two disks leaves: bytes at the primary that the mirror never got.
  const mirrorPath = (await listReplicas(cluster.dataDir('b')))[0]?.path ?? '';
  for (const pipe of cluster.pipesBetween('a', 'b')) pipe.hold();
  before.write(BLOCK, Buffer.alloc(BLOCK, 2), { fua: false }).catch(() => undefined);
  await before.read(0, BLOCK);
  await cluster.stopProgram('a', 'SIGKILL');
  expect((await readFile(mirrorPath)).readUInt8(BLOCK)).toBe(0);
  for (const pipe of cluster.pipesBetween('a', 'b')) pipe.release();
  await Promise.all(['b', 'control-plane'].map((id) => cluster.stopProgram(id, 'SIGKILL')));
  for (const id of ['control-plane', 'b', 'a']) cluster.startProgram(id);

  const after = await attach(cluster);
  const served = await after.read(0, 2 * BLOCK);
  expect(served.readUInt8(0)).toBe(1);
  expect((await readFile(mirrorPath)).subarray(0, 2 * BLOCK)).toEqual(served);
  await after.write(2 * BLOCK, Buffer.alloc(BLOCK, 3), { fua: false });
  expect((await readFile(mirrorPath)).readUInt8(2 * BLOCK)).toBe(3);
  expect(cluster.events('v1')).toEqual([]);
  expect(await cluster.control.request('lookup', { volume: 'v1' }, 2000)).toMatchObject({ epoch: 1, mirror: 'b' });
}, 20_000);

/** As instances do: until the node serves the volume. */
async function attach(cluster: TestCluster): Promise<NbdClient> {
  const deadline = performance.now() + 8000;
  for (;;) {
    try {
      return await connectNbd({ ...cluster.nbd('a'), exportName: 'v1', connectTimeoutMs: 1000 });
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
