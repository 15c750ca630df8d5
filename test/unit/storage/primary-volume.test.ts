import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { ReplicaFile } from '../../../fixtures/storage/disk/replica-file.ts';
import { slotsFolder } from '../../../fixtures/storage/disk/replica-meta.ts';
import type { NodeContext } from '../../../fixtures/storage/node/node-context.ts';
import { PrimaryVolume } from '../../../fixtures/storage/node/primary-volume.ts';
import { ServingLease } from '../../../fixtures/storage/node/serving-lease.ts';
import { TargetLostError } from '../../../fixtures/storage/node/target-lost-error.ts';
import { VolumeCopy } from '../../../fixtures/storage/node/volume-copy.ts';
import type { PeerRequest, PeerResult } from '../../../fixtures/storage/wire/peer-message.ts';
import { testConfig } from './test-config.ts';

const BYTES = 64;
let folder = '';
let now = 0;
let doubts = 0;
let mirrored: PeerRequest[] = [];
let answer: (result: PeerResult) => void = () => undefined;
let lease: ServingLease;
let file: ReplicaFile;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'primary-'));
  await mkdir(slotsFolder(folder));
  [now, doubts, mirrored] = [0, 0, []];
  lease = new ServingLease();
  lease.extend(100, 0);
});
afterEach(async () => {
  await file.close();
  await rm(folder, { recursive: true });
});

/** A primary that mirrors to `b`, whose answers the test gives. */
async function open(settings: { acknowledgeBeforeMirrorMs?: number } = {}, isEqual = true): Promise<PrimaryVolume> {
  const storage = { volumeBytes: BYTES, copyChunkBytes: 16, ...settings };
  const link = {
    request: (request: PeerRequest) => {
      mirrored.push(request);
      const { promise, resolve } = Promise.withResolvers<PeerResult>();
      answer = resolve;
      return { result: promise, cancel: () => undefined };
    },
  };
  const context = {
    id: 'a',
    settings: testConfig({ storage }).storage,
    now: () => now,
    link: () => link,
    lease: () => lease,
  } as unknown as NodeContext;
  const meta = { slot: 0, volume: 'v1', epoch: 1, role: 'primary', state: 'current' } as const;
  file = await ReplicaFile.create(folder, meta, BYTES);
  const volume = new PrimaryVolume(context, file, {
    onDoubt: () => {
      doubts += 1;
    },
    onDiskFailed: () => undefined,
  });
  volume.mirrorTo('b', { isEqual });
  volume.relyOnLease(lease.term);
  return volume;
}

const data = Buffer.alloc(8, 5);
const isPending = async (promise: Promise<unknown>) => {
  const timer = new Promise((resolve) => setTimeout(() => resolve('pending'), 30));
  return (await Promise.race([promise.catch(() => undefined), timer])) === 'pending';
};

/** A write goes to the primary's own disk first, which may take longer than what is taken for pending. */
const mirrorHas = (count: number) => vi.waitFor(() => expect(mirrored).toHaveLength(count));

test('a write is acknowledged only after the mirror has it', async () => {
  const volume = await open();
  const write = volume.write(0, data, { fua: true });
  await mirrorHas(1);
  expect(await isPending(write)).toBe(true);
  expect(mirrored).toMatchObject([{ type: 'write', epoch: 1, seq: 1, offset: 0, fua: true }]);
  answer('ok');
  await write;
});

test('made wrong on purpose, it acknowledges before the mirror is even asked', async () => {
  const volume = await open({ acknowledgeBeforeMirrorMs: 40 });
  await volume.write(0, data, { fua: false });
  expect(mirrored).toEqual([]);
  await new Promise((resolve) => setTimeout(resolve, 60));
  expect(mirrored).toHaveLength(1);
});

test('with its partner lost all I/O hangs, and goes on once a new one is elected', async () => {
  const volume = await open();
  const inFlight = volume.write(0, data, { fua: false });
  await mirrorHas(1);
  expect(await isPending(inFlight)).toBe(true);
  volume.loseTarget();
  const hanging = [inFlight, volume.read(0, 8), volume.write(8, data, { fua: false }), volume.flush()];
  answer('ok'); // The lost partner's acknowledgement, too late.
  expect(await Promise.all(hanging.map(isPending))).toEqual([true, true, true, true]);
  expect({ blocked: volume.isBlocked, mirrored: volume.isMirrored }).toEqual({ blocked: true, mirrored: false });

  await volume.copyTo('c', 2, new VolumeCopy({ volumeBytes: BYTES, chunkBytes: 16, window: 1 }));
  await Promise.all(hanging.slice(0, 3));
  expect(await volume.read(0, 16)).toEqual(Buffer.alloc(16, 5));
  expect(volume.epoch).toBe(2);
});

test('given up, everything in flight fails with ESHUTDOWN, also a write that is on its way to the disk', async () => {
  const volume = await open();
  const atTheMirror = volume.write(0, data, { fua: false });
  await mirrorHas(1);
  expect(await isPending(atTheMirror)).toBe(true);
  const onItsWay = volume.write(8, data, { fua: false });
  await Promise.resolve();
  volume.giveUp();
  const outcomes = await Promise.allSettled([atTheMirror, onItsWay, volume.read(0, 8), volume.flush()]);
  const gone = { status: 'rejected', reason: expect.objectContaining({ code: 'ESHUTDOWN' }) };
  expect(outcomes).toEqual([gone, gone, gone, gone]);
});

test('it does not serve a read when its lease has lapsed, but asks', async () => {
  const volume = await open();
  await volume.read(0, 8);
  now = 101;
  const read = volume.read(0, 8);
  expect(await isPending(read)).toBe(true);
  expect(doubts).toBe(1);
  // The lease alone is not enough: somebody may have been promoted meanwhile.
  lease.extend(500, now);
  volume.unblock('verifying');
  expect(await isPending(read)).toBe(true);
  volume.relyOnLease(lease.term);
  volume.unblock('verifying');
  await read;
});

test('a mirror that refuses raises a doubt, and the write hangs', async () => {
  const volume = await open();
  const write = volume.write(0, data, { fua: false });
  await mirrorHas(1);
  expect(await isPending(write)).toBe(true);
  answer('stale');
  expect(await isPending(write)).toBe(true);
  expect({ doubts, isRefused: volume.isRefused }).toEqual({ doubts: 1, isRefused: true });
  volume.giveUp();
  await expect(write).rejects.toThrow();
});

/** Answers everything that the mirror is asked from now on, as it comes. */
async function answerAll<T>(promise: Promise<T>, result: PeerResult = 'ok'): Promise<T> {
  const timer = setInterval(() => answer(result), 1);
  return promise.finally(() => clearInterval(timer));
}
const writes = () =>
  mirrored.flatMap((request) => (request.type === 'write' ? [[request.offset, request.seq] as const] : []));

test('while it is being reconciled a write hangs, and does not hold that up', async () => {
  const volume = await open({}, false);
  volume.block('reconciling');
  const reconciled = volume.reconcile();
  const write = volume.write(40, data, { fua: false });
  await answerAll(reconciled);
  expect(writes()).toEqual([
    [0, 1],
    [16, 2],
    [32, 3],
    [48, 4],
  ]);
  expect(await isPending(write)).toBe(true);
  volume.unblock('reconciling');
  await answerAll(write);
  expect(writes().at(-1)).toEqual([40, 5]);
});

describe('going back to the mirror that was lost', () => {
  test('it gets what it had not acknowledged, under numbers it has not seen, and I/O goes on at the same epoch', async () => {
    const volume = await open();
    const acknowledged = volume.write(48, data, { fua: false });
    await mirrorHas(1);
    expect(await isPending(acknowledged)).toBe(true);
    answer('ok');
    await acknowledged;
    const inFlight = volume.write(0, data, { fua: true });
    await mirrorHas(2);
    expect(await isPending(inFlight)).toBe(true);
    volume.loseTarget();
    const hanging = [inFlight, volume.read(0, 8), volume.write(16, data, { fua: false })];
    expect(await Promise.all(hanging.map(isPending))).toEqual([true, true, true]);

    await answerAll(volume.reattach('b', lease.term));
    expect(mirrored.slice(2)).toMatchObject([
      { type: 'write', epoch: 1, seq: 3, offset: 0 },
      // The write in flight was to be on stable storage.
      { type: 'flush', epoch: 1 },
    ]);
    await answerAll(Promise.all(hanging));
    expect(writes().at(-1)).toEqual([16, 4]);
    expect({ epoch: volume.epoch, mirrored: volume.isMirrored }).toEqual({ epoch: 1, mirrored: true });
  });

  test('lost again meanwhile, everything hangs as before, and the next time sends it all', async () => {
    const volume = await open();
    const write = volume.write(0, data, { fua: false });
    await mirrorHas(1);
    expect(await isPending(write)).toBe(true);
    volume.loseTarget();
    const first = volume.reattach('b', lease.term);
    expect(await isPending(first)).toBe(true);
    volume.loseTarget();
    answer('ok'); // Too late.
    expect(await isPending(write)).toBe(true);
    await answerAll(volume.reattach('b', lease.term));
    await write;
    expect(volume.isBlocked).toBe(false);
    // The first try was told, not taken for done: it would have let I/O go on under its own term.
    await expect(first).rejects.toThrow(TargetLostError);
  });

  test('a mirror elected meanwhile is not taken for the one gone back to', async () => {
    const volume = await open();
    const write = volume.write(0, data, { fua: false });
    await mirrorHas(1);
    expect(await isPending(write)).toBe(true);
    volume.loseTarget();
    const back = volume.reattach('b', lease.term);
    expect(await isPending(back)).toBe(true);
    volume.loseTarget();
    await volume.copyTo('c', 2, new VolumeCopy({ volumeBytes: BYTES, chunkBytes: 16, window: 1 }));
    await write;
    await expect(back).rejects.toThrow(TargetLostError);
    // No lease is relied on while nobody could be promoted: a term of `back` would end with this.
    now = 10_000;
    await volume.read(0, 8);
  });

  test('after a restart, when nobody knows what was in flight, it gets everything', async () => {
    const volume = await open({}, false);
    volume.loseTarget();
    await answerAll(volume.reattach('b', lease.term));
    expect(writes().map(([offset]) => offset)).toEqual([0, 16, 32, 48]);
    volume.loseTarget();
    mirrored = [];
    await answerAll(volume.reattach('b', lease.term));
    expect(mirrored).toEqual([]);
  });

  test('I/O goes on only under the lease of the term that was read before', async () => {
    const volume = await open();
    volume.loseTarget();
    const { term } = lease;
    now = 101;
    lease.extend(500, now); // A new term: somebody may have been promoted in between.
    await answerAll(volume.reattach('b', term));
    expect(await isPending(volume.read(0, 8))).toBe(true);
    expect(doubts).toBe(1);
  });
});
