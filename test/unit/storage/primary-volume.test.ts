import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ReplicaFile } from '../../../fixtures/storage/disk/replica-file.ts';
import { slotsFolder } from '../../../fixtures/storage/disk/replica-meta.ts';
import type { NodeContext } from '../../../fixtures/storage/node/node-context.ts';
import { PrimaryVolume } from '../../../fixtures/storage/node/primary-volume.ts';
import { ServingLease } from '../../../fixtures/storage/node/serving-lease.ts';
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
async function open(settings: { acknowledgeBeforeMirrorMs?: number } = {}): Promise<PrimaryVolume> {
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
  const volume = new PrimaryVolume(context, file, () => {
    doubts += 1;
  });
  volume.mirrorTo('b');
  volume.relyOnLease(lease.term);
  return volume;
}

const data = Buffer.alloc(8, 5);
const isPending = async (promise: Promise<unknown>) => {
  const timer = new Promise((resolve) => setTimeout(() => resolve('pending'), 30));
  return (await Promise.race([promise.catch(() => undefined), timer])) === 'pending';
};

test('a write is acknowledged only after the mirror has it', async () => {
  const volume = await open();
  const write = volume.write(0, data, { fua: true });
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
  expect(await isPending(write)).toBe(true);
  answer('stale');
  expect(await isPending(write)).toBe(true);
  expect({ doubts, isRefused: volume.isRefused }).toEqual({ doubts: 1, isRefused: true });
  volume.giveUp();
  await expect(write).rejects.toThrow();
});
