import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { listReplicas } from '../../../fixtures/storage/disk/list-replicas.ts';
import { ReplicaFile } from '../../../fixtures/storage/disk/replica-file.ts';
import { slotsFolder } from '../../../fixtures/storage/disk/replica-meta.ts';
import { MirrorReplica } from '../../../fixtures/storage/node/mirror-replica.ts';

const EPOCH = 4;
let folder = '';
let replica: MirrorReplica;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mirror-'));
  await mkdir(slotsFolder(folder));
  const meta = { slot: 3, volume: 'v1', epoch: EPOCH, role: 'mirror', state: 'copying' } as const;
  replica = new MirrorReplica(await ReplicaFile.create(folder, meta, 8), 'a');
});
afterEach(async () => {
  await replica.file.close();
  await rm(folder, { recursive: true });
});

const write = (seq: number, fill: number, { epoch = EPOCH, incarnation = 1, fua = false } = {}) =>
  replica.write({ type: 'write', volume: 'v1', epoch, seq, offset: 0, fua }, Buffer.alloc(4, fill), incarnation);
const chunk = (index: number, fill: number) =>
  replica.chunk({ type: 'chunk', volume: 'v1', epoch: EPOCH, index, offset: index * 4 }, Buffer.alloc(4, fill), () => {
    applied += 1;
  });
const firstByte = async () => (await replica.file.read(0, 1))[0];
let applied = 0;

test('a repeated write is answered and not applied over a newer one', async () => {
  await Promise.all([write(1, 1), write(2, 2)]);
  expect(await write(1, 1, { fua: true })).toBe('ok');
  expect(await firstByte()).toBe(2);
});

test('a write is not answered before an earlier one of the same bytes that waits for its sync, and others are', async () => {
  const syncing = Promise.withResolvers<void>();
  vi.spyOn(replica.file, 'sync').mockReturnValue(syncing.promise);
  const answered: number[] = [];
  const send = async (seq: number, offset: number, length: number, fua = false) => {
    const request = { type: 'write', volume: 'v1', epoch: EPOCH, seq, offset, fua } as const;
    expect(await replica.write(request, Buffer.alloc(length, seq), 1)).toBe('ok');
    answered.push(seq);
  };
  const first = send(1, 0, 4, true);
  // The third has no byte of the first; it would be undone by the second, if that alone came again.
  const rest = [send(2, 3, 2), send(3, 4, 2)];
  await send(4, 6, 2);
  expect(await replica.file.read(0, 8)).toEqual(Buffer.from([1, 1, 1, 2, 3, 3, 4, 4]));
  expect(answered).toEqual([4]);
  // On a new connection all three that have no answer come again, and none of them is answered earlier than the first.
  rest.push(send(1, 0, 4, true), send(2, 3, 2), send(3, 4, 2));
  await send(5, 6, 2);
  expect(answered).toEqual([4, 5]);
  syncing.resolve();
  await Promise.all([first, ...rest]);
  expect(answered).toEqual([4, 5, 1, 2, 3, 1, 2, 3]);
});

test('a restarted primary counts anew, and what its former process still sends is refused', async () => {
  await write(5, 5);
  expect(await write(1, 6, { incarnation: 2 })).toBe('ok');
  expect(await firstByte()).toBe(6);
  expect(await write(6, 7)).toBe('stale');
  expect(await firstByte()).toBe(6);
});

test('a repeated chunk is answered and not applied over a write that followed it', async () => {
  applied = 0;
  expect(await chunk(0, 1)).toBe('ok');
  await write(1, 9);
  expect(await chunk(0, 1)).toBe('ok');
  expect(await firstByte()).toBe(9);
  expect(applied).toBe(1);
});

test('a write that overtakes its chunk is kept, and the rest of the chunk is applied round it', async () => {
  await replica.write(
    { type: 'write', volume: 'v1', epoch: EPOCH, seq: 1, offset: 1, fua: false },
    Buffer.from([9, 9]),
    1,
  );
  expect(await chunk(0, 1)).toBe('ok');
  expect([...(await replica.file.read(0, 4))]).toEqual([1, 9, 9, 1]);
});

test('writes of an older epoch are stale, of a newer one unknown; a retained copy takes none', async () => {
  expect(await write(1, 1, { epoch: EPOCH - 1 })).toBe('stale');
  expect(await write(1, 1, { epoch: EPOCH + 1 })).toBe('unknown');
  replica.isRetained = true;
  expect(await write(1, 1)).toBe('stale');
  expect(await firstByte()).toBe(0);
});

test('a copy that was not whole when its process ended takes nothing more, unless it turns out to be confirmed', async () => {
  await write(1, 2);
  replica = await reopened();
  // Sent again, as its answer had not arrived; what has overtaken it is known to nobody here.
  expect(await chunk(0, 1)).toBe('failed');
  expect(await firstByte()).toBe(2);
  expect(await write(2, 3)).toBe('failed');
  expect(await replica.flush(EPOCH)).toBe('failed');
  expect(replica.hasFailed).toBe(true);
  expect(await replica.confirmed(EPOCH)).toBe('ok');
  expect(replica.hasFailed).toBe(false);
  expect(await write(2, 3)).toBe('ok');
  expect(await firstByte()).toBe(3);
  replica = await reopened();
  expect(await write(3, 4)).toBe('ok');
});

/** As a program that is started again opens it. */
async function reopened(): Promise<MirrorReplica> {
  await replica.file.close();
  const [meta] = await listReplicas(folder);
  if (meta === undefined) throw new Error('no replica');
  return new MirrorReplica(await ReplicaFile.open(folder, meta), null, { isReopened: true });
}

test('its slot on disk says what it is, until it is removed', async () => {
  const [meta] = await listReplicas(folder);
  expect(meta).toMatchObject({ slot: 3, volume: 'v1', epoch: EPOCH, role: 'mirror', state: 'copying' });
  await replica.confirmed(EPOCH);
  expect((await listReplicas(folder))[0]?.state).toBe('current');
  const other = await ReplicaFile.create(
    folder,
    { slot: 0, volume: 'v2', epoch: 1, role: 'mirror', state: 'current' },
    8,
  );
  expect((await listReplicas(folder)).map(({ slot }) => slot)).toEqual([0, 3]);
  await other.remove();
  expect((await listReplicas(folder)).map(({ slot }) => slot)).toEqual([3]);
});
