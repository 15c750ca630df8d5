import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { OperationError } from '../../../fixtures/storage/attachment/operation-error.ts';
import { IoJournal } from '../../../fixtures/storage/instances/io-journal.ts';
import { type LoadTarget, VolumeLoad } from '../../../fixtures/storage/instances/volume-load.ts';
import { encodeExtent, summariseExtent } from '../../../fixtures/storage/ledger/extent.ts';
import { SECTOR_BYTES, volumeTag } from '../../../fixtures/storage/ledger/sector.ts';
import { connectNbd, type NbdClient } from '../../../fixtures/storage/nbd/client.ts';
import { startNbdServer } from '../../../fixtures/storage/nbd/server.ts';
import { seededRandom } from '../../../fixtures/storage/node/seeded-random.ts';
import { now } from '../../../fixtures/storage/telemetry/now.ts';
import type { LoadSettings } from '../../../harness/scenario/plan.ts';
import { FileDevice } from '../nbd/file-device.ts';

const EXTENT_BYTES = 8 * SECTOR_BYTES;
const VOLUME_BYTES = 2 * 16 * EXTENT_BYTES;

const SETTINGS: LoadSettings = {
  ioPerSecondPerVolume: 400,
  writeShare: 0.5,
  writeBytes: EXTENT_BYTES,
  fuaShare: 0.25,
  flushShare: 0,
  queueDepth: 16,
  appRequestsPerSecond: 0,
  appWriteShare: 0,
  appVolumes: 0,
  appTimeoutMs: 0,
  apiCallsPerSecond: 0,
  apiCreateShare: 0,
  apiSnapshotShare: 0,
  apiTimeoutMs: 1000,
  databases: 0,
  databaseVolumes: 4,
  databaseStripeBytes: 4096,
  databaseTransactionsPerSecond: 0,
  databaseTimeoutMs: 2000,
  multiZoneDatabases: 0,
  multiZonePartedMs: 1000,
  multiZoneHungMs: 4000,
  failoverWitness: 0,
};

const running: VolumeLoad[] = [];
afterEach(() => {
  for (const load of running.splice(0)) void load.stop();
});

function startLoad(target: LoadTarget, settings: Partial<LoadSettings> = {}) {
  const journal = new IoJournal();
  const load = new VolumeLoad({
    volume: 'vol-1',
    volumeBytes: VOLUME_BYTES,
    load: { ...SETTINGS, ...settings },
    target,
    journal,
    random: seededRandom(1, 'load'),
    flushRandom: seededRandom(1, 'flush'),
    now,
  });
  running.push(load);
  load.start();
  return { load, journal };
}

/** A disk in memory; `hooks` make it wrong or slow. */
function memoryDisk(hooks: {
  onWrite?(bytes: Buffer, offset: number, data: Buffer, nth: number): void;
  before?(op: 'read' | 'write' | 'flush'): Promise<void>;
}) {
  const bytes = Buffer.alloc(VOLUME_BYTES);
  let writes = 0;
  const target: LoadTarget = {
    async read(offset, length) {
      await hooks.before?.('read');
      return Buffer.from(bytes.subarray(offset, offset + length));
    },
    async write(offset, content) {
      await hooks.before?.('write');
      writes += 1;
      if (hooks.onWrite) hooks.onWrite(bytes, offset, content(), writes);
      else content().copy(bytes, offset);
    },
    async flush() {
      await hooks.before?.('flush');
    },
  };
  return { bytes, target };
}

function overNbd(client: NbdClient): LoadTarget {
  return {
    read: (offset, length) => client.read(offset, length),
    write: (offset, content, options) => client.write(offset, content(), options),
    flush: () => client.flush(),
  };
}

describe('VolumeLoad on a file over NBD', () => {
  it('leaves on disk what its ledger says, in the first half only, and every read is right', async () => {
    await using device = await FileDevice.create(VOLUME_BYTES);
    const server = await startNbdServer({ host: '127.0.0.1', port: 0, exports: () => [], open: () => device });
    const client = await connectNbd({ host: '127.0.0.1', port: server.port, exportName: 'x', connectTimeoutMs: 1000 });
    const { load, journal } = startLoad(overNbd(client), { ioPerSecondPerVolume: 200 });
    await delay(700);
    await load.stop();
    const ops = journal.take();
    // A slow disk may fill the queue; nothing else may go wrong.
    expect(ops.filter(([, , , , outcome, reason]) => outcome !== 'ok' && reason !== 'queue full')).toEqual([]);
    expect(ops.filter(([, , , , outcome]) => outcome === 'ok').length).toBeGreaterThan(40);
    expect(device.fuaWrites).toContain(true);
    expect(device.fuaWrites).toContain(false);
    const entries = load.ledger.entries();
    expect(entries.length).toBeGreaterThan(5);
    for (const [extent, acknowledged, ...possible] of entries) {
      expect(possible).toEqual([]);
      const found = summariseExtent(await device.read(extent * EXTENT_BYTES, EXTENT_BYTES), volumeTag('vol-1'), extent);
      expect(found).toEqual({ lowest: acknowledged, highest: acknowledged, wrong: 0 });
    }
    const rest = await device.read(VOLUME_BYTES / 2, VOLUME_BYTES / 2);
    expect(rest.equals(Buffer.alloc(VOLUME_BYTES / 2))).toBe(true);
    await client.close();
    await server.close();
  });
});

describe('VolumeLoad is honest about a device', () => {
  it('that stalls: latencies count from the intended start, and no arrival waits', async () => {
    const startedAt = now();
    const stall = { from: startedAt + 300, to: startedAt + 2300 };
    const { target } = memoryDisk({
      before: async () => {
        const t = now();
        if (t >= stall.from && t < stall.to) await delay(stall.to - t);
      },
    });
    const { load, journal } = startLoad(target, { ioPerSecondPerVolume: 100, queueDepth: 10 });
    await delay(2600);
    await load.stop();
    const ops = journal.take();
    const during = ops.filter(([, , intended]) => intended >= stall.from && intended < stall.to - 50);
    // 100 a second for two seconds: about 195, of which 10 are in flight and the others did not fit.
    expect(during.length).toBeGreaterThan(150);
    const finished = during.filter(([, , , , outcome]) => outcome === 'ok');
    expect(finished.length).toBe(10);
    for (const [, , intended, ended] of finished) {
      expect(ended - intended).toBeGreaterThan(stall.to - intended - 5);
      expect(ended - intended).toBeLessThan(stall.to - intended + 100);
    }
    expect(during.filter(([, , , , , reason]) => reason === 'queue full').length).toBe(during.length - 10);
    const worst = Math.max(...ops.map(([, , intended, ended]) => ended - intended));
    expect(worst).toBeGreaterThan(1900);
  });

  it('that hangs: operations stay in flight with their intended times, and writes stay possible', async () => {
    const { target } = memoryDisk({ before: () => new Promise(() => undefined) });
    const { load, journal } = startLoad(target, { queueDepth: 5 });
    await delay(200);
    const idle = load.stop().then(() => 'idle');
    expect(await Promise.race([idle, delay(50, 'still in flight')])).toBe('still in flight');
    const unfinished = load.unfinished();
    expect(unfinished.length).toBe(5);
    expect(unfinished.map(({ intended }) => intended)).toEqual(
      unfinished.map(({ intended }) => intended).toSorted((a, b) => a - b),
    );
    const writes = unfinished.filter(({ op }) => op === 'write').length;
    expect(writes).toBeGreaterThan(0);
    expect(load.ledger.entries().filter(([, acknowledged]) => acknowledged === 0).length).toBe(writes);
    expect(journal.take().every(([, , , , , reason]) => reason === 'queue full')).toBe(true);
  });

  it.each([
    ['loses a write', (_bytes: Buffer, _offset: number, _data: Buffer) => undefined],
    ['tears a write', (bytes: Buffer, offset: number, data: Buffer) => data.copy(bytes, offset, 0, 3 * SECTOR_BYTES)],
    [
      'damages a sector',
      (bytes: Buffer, offset: number, data: Buffer) => {
        data.copy(bytes, offset);
        bytes[offset + 5000] = 0xff ^ (bytes[offset + 5000] ?? 0);
      },
    ],
    [
      'brings an older write back',
      (bytes: Buffer, offset: number, data: Buffer) => {
        const extent = offset / EXTENT_BYTES;
        const sequence = data.readUIntBE(26, 6);
        encodeExtent(volumeTag('vol-1'), extent, Math.max(1, sequence - 1), EXTENT_BYTES).copy(bytes, offset);
      },
    ],
    [
      'writes to the wrong place',
      (bytes: Buffer, offset: number, data: Buffer) => {
        data.copy(bytes, (offset + EXTENT_BYTES) % (VOLUME_BYTES / 2));
      },
    ],
  ])('that %s: a later read is corrupt', async (_what, wrongWrite) => {
    const { target } = memoryDisk({
      onWrite(bytes, offset, data, nth) {
        if (nth % 5 === 0) wrongWrite(bytes, offset, data);
        else data.copy(bytes, offset);
      },
    });
    const { load, journal } = startLoad(target);
    await delay(500);
    await load.stop();
    const reasons = new Set(journal.take().map(([, , , , , reason]) => reason));
    expect(reasons).toContain('corrupt');
  });

  it('that answers with errors: a read has failed, a write is unknown and stays possible', async () => {
    const target: LoadTarget = {
      read: () => Promise.reject(Object.assign(new Error(), { code: 'EIO' })),
      write: () => Promise.reject(Object.assign(new Error(), { code: 'EIO' })),
      flush: () => Promise.reject(Object.assign(new Error(), { code: 'EIO' })),
    };
    const { load, journal } = startLoad(target, { flushShare: 0.5 });
    await delay(200);
    await load.stop();
    const seen = new Set(journal.take().map(([, op, , , outcome, reason]) => `${op} ${outcome} ${reason}`));
    expect([...seen].sort()).toEqual(['flush failed EIO', 'read failed EIO', 'write unknown EIO']);
    expect(
      load.ledger.entries().every(([, acknowledged, ...possible]) => acknowledged === 0 && possible.length > 0),
    ).toBe(true);
  });

  it('that never got a write: it is not possible', async () => {
    const target: LoadTarget = {
      read: () => Promise.reject(new OperationError('QUEUE_FULL')),
      write: () => Promise.reject(new OperationError('QUEUE_FULL')),
      flush: () => Promise.reject(new OperationError('QUEUE_FULL')),
    };
    const { load, journal } = startLoad(target);
    await delay(100);
    await load.stop();
    expect(journal.take().every(([, , , , outcome, reason]) => outcome === 'failed' && reason === 'queue full')).toBe(
      true,
    );
    expect(load.ledger.entries()).toEqual([]);
  });
});

describe('VolumeLoad', () => {
  it('never has two operations on one extent', async () => {
    const busy = new Set<number>();
    let shared = 0;
    const hold = async (offset: number) => {
      if (busy.has(offset)) shared += 1;
      busy.add(offset);
      await delay(20);
      busy.delete(offset);
    };
    const { load } = startLoad({
      read: async (offset, length) => {
        await hold(offset);
        return Buffer.alloc(length);
      },
      write: (offset) => hold(offset),
      flush: async () => undefined,
    });
    await delay(400);
    await load.stop();
    expect(shared).toBe(0);
  });

  it('does the same operations for the same seed, whatever the device does', async () => {
    const kinds = async (hang: boolean) => {
      const { target } = memoryDisk(hang ? { before: () => new Promise(() => undefined) } : {});
      const { load, journal } = startLoad(target, { ioPerSecondPerVolume: 1000 });
      await delay(150);
      void load.stop();
      const done = journal.take().map(([, op, intended]) => [intended, op] as const);
      const open = load.unfinished().map(({ op, intended }) => [intended, op] as const);
      return [...done, ...open].sort(([a], [b]) => a - b).map(([, op]) => op);
    };
    const [good, hung] = [await kinds(false), await kinds(true)];
    const common = Math.min(good.length, hung.length);
    expect(common).toBeGreaterThan(50);
    expect(hung.slice(0, common)).toEqual(good.slice(0, common));
  });

  it('sends FLUSHes besides, as many as their share says, and everything else as without them', async () => {
    await using device = await FileDevice.create(VOLUME_BYTES);
    const server = await startNbdServer({ host: '127.0.0.1', port: 0, exports: () => [], open: () => device });
    const client = await connectNbd({ host: '127.0.0.1', port: server.port, exportName: 'x', connectTimeoutMs: 1000 });
    const done = async (flushShare: number) => {
      const { load, journal } = startLoad(overNbd(client), { ioPerSecondPerVolume: 500, flushShare, queueDepth: 1000 });
      await delay(400);
      await load.stop();
      return journal.take().sort(([, , a], [, , b]) => a - b);
    };
    const [without, withThem] = [await done(0), await done(0.5)];
    const flushes = withThem.filter(([, op]) => op === 'flush');
    expect(flushes.every(([, , , , outcome]) => outcome === 'ok')).toBe(true);
    expect(device.flushes).toBe(flushes.length);
    // 100 of them on average, give or take three standard deviations and a busy machine.
    expect(flushes.length).toBeGreaterThan(60);
    expect(flushes.length / (withThem.length - flushes.length)).toBeLessThan(1);
    const kinds = (ops: typeof without) => ops.flatMap(([, op]) => (op === 'flush' ? [] : [op]));
    const common = Math.min(kinds(without).length, kinds(withThem).length);
    expect(common).toBeGreaterThan(100);
    expect(kinds(withThem).slice(0, common)).toEqual(kinds(without).slice(0, common));
    await client.close();
    await server.close();
  });
});
