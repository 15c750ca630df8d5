import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { slotsFolder } from '../../../fixtures/storage/disk/replica-meta.ts';
import type { VolumeConfig } from '../../../fixtures/storage/disk/volume-config.ts';
import type { NodeContext } from '../../../fixtures/storage/node/node-context.ts';
import { ReplicaSet } from '../../../fixtures/storage/node/replica-set.ts';
import { testConfig } from './test-config.ts';

let folder = '';
let replicas: ReplicaSet;

/** Node c, to which a copies once more, with epoch 3: its copy of epoch 1 was confirmed, and it had not heard. */
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'replica-set-'));
  await mkdir(slotsFolder(folder));
  const context = {
    id: 'c',
    settings: testConfig({}).storage,
    control: { request: () => Promise.reject(new Error('no control plane')) },
    now: () => 0,
    isLost: () => false,
    tell: () => undefined,
  };
  replicas = new ReplicaSet(context as unknown as NodeContext, folder);
  await replicas.join('v1', 0, 3, 'a');
});
afterEach(async () => {
  await replicas.close();
  await rm(folder, { recursive: true });
});

const volume = { volume: 'v1', primary: 'a', mirror: null };

test.each<[string, VolumeConfig]>([
  ['the former copy is still named as left behind', { ...volume, epoch: 3, joining: 'c', retained: 'c' }],
  ['an answer says so that is older than the new one', { ...volume, epoch: 2, joining: 'd', retained: 'c' }],
  ['an answer that is older names others', { ...volume, epoch: 2, joining: 'd', retained: 'b' }],
])('a copy that has begun anew is taken for no other: %s', async (_, config) => {
  await replicas.review([config]);
  expect(replicas.mirror('v1')?.refusal(3)).toBe(null);
});

test('a copy that is left behind takes nothing more', async () => {
  await replicas.review([{ ...volume, epoch: 4, joining: 'd', retained: 'c' }]);
  expect(replicas.mirror('v1')?.refusal(3)).toBe('stale');
});
