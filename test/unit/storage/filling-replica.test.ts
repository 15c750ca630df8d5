import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { listReplicas } from '../../../fixtures/storage/disk/list-replicas.ts';
import { ReplicaFile } from '../../../fixtures/storage/disk/replica-file.ts';
import { slotsFolder } from '../../../fixtures/storage/disk/replica-meta.ts';
import { FillingReplica } from '../../../fixtures/storage/node/filling-replica.ts';
import { sha256Of } from '../../../fixtures/storage/snapshots/snapshot-store.ts';

const BYTES = 8192;
let folder: string;
let clock = 0;
let filling: FillingReplica;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'filling-'));
  await mkdir(slotsFolder(folder), { recursive: true });
  const meta = { slot: 0, volume: 'v1', epoch: 3, role: 'mirror', state: 'filling' } as const;
  filling = new FillingReplica(await ReplicaFile.create(folder, meta, BYTES), 'b', () => clock);
});
afterEach(async () => {
  await filling.file.close();
  await rm(folder, { recursive: true });
});

const DATA = Buffer.alloc(BYTES, 7);
const state = async () => (await listReplicas(folder)).map((meta) => meta.state);

test('it is whole once its bytes on disk are those that were meant, in whatever order they came', async () => {
  await filling.fill(4096, DATA.subarray(4096));
  expect(await filling.verify(sha256Of(DATA), BYTES)).toBe('refused');
  expect([filling.isWhole, await state()]).toEqual([false, ['filling']]);
  await filling.fill(0, DATA.subarray(0, 4096));
  expect(await filling.verify(sha256Of(DATA), BYTES)).toBe('ok');
  expect([filling.isWhole, await state()]).toEqual([true, ['current']]);
});

test('a part that comes again after that changes nothing', async () => {
  await filling.fill(0, DATA);
  await filling.verify(sha256Of(DATA), BYTES);
  expect(await filling.fill(0, Buffer.alloc(4096, 9))).toBe('ok');
  expect((await filling.file.read(0, BYTES)).equals(DATA)).toBe(true);
});

test('it is forgotten when nothing has come for long', async () => {
  clock = 29_000;
  await filling.fill(0, DATA);
  clock = 58_000;
  expect(filling.isForgotten).toBe(false);
  clock = 60_000;
  expect(filling.isForgotten).toBe(true);
});
