import { afterEach, describe, expect, it } from 'vitest';
import { ACCOUNTS, Database } from '../../../fixtures/storage/databases/database.ts';
import { databaseRegion } from '../../../fixtures/storage/databases/database-region.ts';
import { StripedDevice } from '../../../fixtures/storage/databases/striped-device.ts';
import type { BlockDevice } from '../../../fixtures/storage/nbd/block-device.ts';
import { connectNbd } from '../../../fixtures/storage/nbd/client.ts';
import { startNbdServer } from '../../../fixtures/storage/nbd/server.ts';
import { MemoryVolume } from './memory-volume.ts';

const VOLUME_BYTES = 1024 * 1024;
const STRIPE = 4096;
const region = databaseRegion(VOLUME_BYTES, STRIPE);
const volumesOf = () => Array.from({ length: 4 }, () => new MemoryVolume(Buffer.alloc(VOLUME_BYTES)));
const on = (volumes: readonly MemoryVolume[]) => Database.open(new StripedDevice(volumes, region, STRIPE));
const copiesOf = (volumes: readonly MemoryVolume[]) => volumes.map(({ bytes }) => new MemoryVolume(Buffer.from(bytes)));
const transfer = (id: number) => ({
  id,
  from: 1 + (id % ACCOUNTS),
  to: 1 + ((id + 7) % ACCOUNTS),
  amount: 1 + (id % 9),
});
const upTo = (last: number) => Array.from({ length: last }, (_, i) => i + 1);

const opened: Database[] = [];
afterEach(() => Promise.all(opened.splice(0).map((database) => database.close())));

describe('a database on volumes', () => {
  it('has every committed transfer after a crash at any time, and balances that follow from them', async () => {
    const volumes = volumesOf();
    const database = await on(volumes);
    opened.push(database);
    // Enough for the log to be copied into the database, and begun anew, several times.
    for (const id of upTo(60)) {
      await database.transfer(transfer(id));
      if (id % 7 !== 0) continue;
      const found = await on(copiesOf(volumes));
      expect(await found.content()).toEqual({ transfers: upTo(id), problem: null });
      expect(await found.lastTransfer()).toBe(id);
    }
  });

  it('goes on where it was closed', async () => {
    const volumes = volumesOf();
    const first = await on(volumes);
    for (const id of upTo(3)) await first.transfer(transfer(id));
    await first.close();
    const second = await on(volumes);
    opened.push(second);
    await second.transfer(transfer(4));
    expect(await second.content()).toEqual({ transfers: upTo(4), problem: null });
  });

  it('needs each of its volumes for about every transaction', async () => {
    const volumes = volumesOf();
    const database = await on(volumes);
    opened.push(database);
    const missed = [0, 0, 0, 0];
    for (const id of upTo(40)) {
      const before = volumes.map(({ writes }) => writes);
      await database.transfer(transfer(id));
      for (const [i, { writes }] of volumes.entries()) if (writes === before[i]) missed[i] = (missed[i] ?? 0) + 1;
    }
    for (const count of missed) expect(count).toBeLessThan(4);
  });

  it('hangs with a volume, commits nothing meanwhile, and commits when the volume is back', async () => {
    const volumes = volumesOf();
    const database = await on(volumes);
    opened.push(database);
    await database.transfer(transfer(1));
    volumes[2]?.hang();
    let committed = false;
    const second = database.transfer(transfer(2)).then(() => {
      committed = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(committed).toBe(false);
    // Three volumes have their part of the log already: it must not count without the fourth's.
    expect((await (await on(copiesOf(volumes))).content()).problem).toBeNull();
    volumes[2]?.resume();
    await second;
    expect(await database.content()).toEqual({ transfers: [1, 2], problem: null });
  });

  it('does not miss what is damaged or gone', async () => {
    const volumes = volumesOf();
    const database = await on(volumes);
    await database.transfer(transfer(1));
    await database.close();
    // A volume that has lost all writes: that of the third stripe of the database.
    const lost = copiesOf(volumes);
    lost[2]?.bytes.fill(0);
    const content = await on(lost)
      .then((found) => found.content())
      .catch((error: Error) => ({ transfers: [], problem: error.message }));
    expect(content).toEqual({ transfers: [], problem: 'database disk image is malformed' });
  });
});

it('speaks NBD: real servers, FUA on every write', async () => {
  const bytes = Array.from({ length: 4 }, () => Buffer.alloc(VOLUME_BYTES));
  const withoutFua: number[] = [];
  const device = (of: Buffer): BlockDevice => ({
    sizeBytes: VOLUME_BYTES,
    read: async (offset, length) => of.subarray(offset, offset + length),
    write: async (offset, data, { fua }) => {
      if (!fua) withoutFua.push(offset);
      data.copy(of, offset);
    },
    flush: async () => undefined,
  });
  const exports = bytes.map((_, i) => `v${i}`);
  const open = (name: string) => {
    const of = bytes[exports.indexOf(name)];
    return of === undefined ? undefined : device(of);
  };
  const server = await startNbdServer({ host: '127.0.0.1', port: 0, exports: () => exports, open });
  const clients = await Promise.all(
    exports.map((exportName) =>
      connectNbd({ host: '127.0.0.1', port: server.port, exportName, connectTimeoutMs: 2000 }),
    ),
  );
  try {
    const stripes = clients.map((client) => ({
      read: (offset: number, length: number) => client.read(offset, length),
      write: (offset: number, content: () => Buffer, options: { fua: boolean }) =>
        client.write(offset, content(), options),
    }));
    const database = await Database.open(new StripedDevice(stripes, region, STRIPE));
    for (const id of upTo(5)) await database.transfer(transfer(id));
    expect(await (await on(bytes.map((of) => new MemoryVolume(Buffer.from(of))))).content()).toEqual({
      transfers: upTo(5),
      problem: null,
    });
    expect(withoutFua).toEqual([]);
  } finally {
    await Promise.all(clients.map((client) => client.close()));
    await server.close();
  }
});
