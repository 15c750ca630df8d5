import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { BlockDevice } from '../../../fixtures/storage/nbd/block-device.ts';
import { type BudgetAccount, ByteBudget } from '../../../fixtures/storage/nbd/byte-budget.ts';
import { connectNbd } from '../../../fixtures/storage/nbd/client.ts';
import { startNbdServer } from '../../../fixtures/storage/nbd/server.ts';
import { RawClient, request } from './raw-client.ts';

const MIB = 1024 * 1024;
const PIECE = Buffer.alloc(MIB, 3);

/** `well` does what it is asked; `stuck` answers nothing before `resume`. Bytes are those that the server has taken. */
async function serve(patienceMs = 600_000) {
  let taken = 0;
  const { promise: resumed, resolve: resume } = Promise.withResolvers<void>();
  const device = (ready: Promise<void> | undefined): BlockDevice => ({
    sizeBytes: 1024 * MIB,
    async read(_offset, length) {
      await ready;
      return Buffer.alloc(length);
    },
    write: async () => ready,
    flush: async () => ready,
  });
  const devices: Readonly<Record<string, BlockDevice>> = { well: device(undefined), stuck: device(resumed) };
  const server = await startNbdServer({
    host: '127.0.0.1',
    port: 0,
    exports: () => Object.keys(devices),
    open: (name) => devices[name],
    onBytes: (_address, bytes) => {
      taken += bytes;
    },
    limits: { patienceMs },
  });
  return {
    port: server.port,
    taken: () => taken,
    resume,
    attach: (exportName: string) =>
      connectNbd({ host: '127.0.0.1', port: server.port, exportName, connectTimeoutMs: 5000 }),
    [Symbol.asyncDispose]: () => server.close(),
  };
}

/** Pours zeros into a connection for as long as they are taken, at most `bytes`. */
async function pour(client: RawClient, bytes: number): Promise<void> {
  for (let sent = 0; sent < bytes && !client.socket.destroyed; sent += PIECE.length) {
    if (client.socket.write(PIECE)) continue;
    await Promise.race([new Promise((resolve) => client.socket.once('drain', resolve)), client.closed]);
  }
}

/** Until the server has taken nothing for a while; a count that grows without end fails the test by its time limit. */
async function settled(taken: () => number): Promise<number> {
  for (let before = -1; ; await delay(300)) {
    if (taken() === before) return before;
    before = taken();
  }
}

test('after DISC nothing that comes is kept, while an earlier write hangs', async () => {
  await using server = await serve();
  const client = await RawClient.enter(server.port, 'stuck');
  client.send(request({ command: 'write', length: 4 }), Buffer.from('abcd'), request({ command: 'disconnect' }));
  const before = process.memoryUsage().arrayBuffers;
  await pour(client, 512 * MIB);
  await settled(server.taken);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 * MIB);
  server.resume();
  expect(await client.simpleReply()).toBe(0);
  await client.closed;
});

test('24 clients of a stuck volume: what they may leave is bounded, and another volume is served', async () => {
  await using server = await serve();
  const clients = await Promise.all(Array.from({ length: 24 }, () => RawClient.enter(server.port, 'stuck')));
  // Each sends 64 writes of 1 MiB.
  const poured = clients.map(async (client) => {
    for (let sent = 0; sent < 64 && !client.socket.destroyed; sent += 1) {
      client.send(request({ command: 'write', length: MIB, offset: sent * MIB }));
      await pour(client, MIB);
    }
  });
  expect(await settled(server.taken)).toBeLessThan(160 * MIB);
  const well = await server.attach('well');
  await Promise.all(Array.from({ length: 8 }, (_, index) => well.write(index * MIB, PIECE, { fua: true })));
  expect((await well.read(0, 32 * MIB)).length).toBe(32 * MIB);
  // A small one waits for the volume alone, not for room.
  const small = await server.attach('stuck');
  const write = small.write(0, Buffer.alloc(4096), { fua: false });
  // Those that go away leave what the volume has; it is counted as long as it is there.
  for (const client of clients.slice(0, 12)) client.socket.destroy();
  expect(await settled(server.taken)).toBeLessThan(200 * MIB);
  server.resume();
  await write;
  for (const client of clients) client.socket.destroy();
  await Promise.all(poured);
  await Promise.all([well.close(), small.close()]);
});

test('60 unfinished writes of 32 MiB are bounded', async () => {
  await using server = await serve();
  const clients = await Promise.all(Array.from({ length: 60 }, () => RawClient.enter(server.port, 'well')));
  for (const client of clients) client.send(request({ command: 'write', length: 32 * MIB }));
  const poured = clients.map((client) => pour(client, 31 * MIB));
  expect(await settled(server.taken)).toBeLessThan(160 * MIB);
  const other = await server.attach('well');
  await other.write(0, Buffer.alloc(256 * 1024), { fua: false });
  for (const client of clients) client.socket.destroy();
  await Promise.all([...poured, other.close()]);
});

test('a client whose write waits for room gets it from those that do not use theirs', async () => {
  await using server = await serve(1000);
  const clients = await Promise.all(Array.from({ length: 12 }, () => RawClient.enter(server.port, 'well')));
  for (const client of clients) client.send(request({ command: 'write', length: 32 * MIB }), PIECE);
  const other = await server.attach('well');
  await other.write(0, Buffer.alloc(32 * MIB), { fua: false });
  await Promise.all(clients.slice(0, 3).map(({ closed }) => closed));
  await other.close();
  for (const client of clients) client.socket.destroy();
});

test('slow readers of a volume keep no other client of it waiting for ever', async () => {
  await using server = await serve(500);
  const clients = await Promise.all(Array.from({ length: 8 }, () => RawClient.enter(server.port, 'well')));
  for (const client of clients) {
    client.socket.pause();
    for (let index = 0; index < 32; index += 1) client.send(request({ command: 'read', length: 32 * MIB }));
  }
  await settled(server.taken);
  const other = await server.attach('well');
  expect((await other.read(0, 4096)).length).toBe(4096);
  expect((await other.read(0, 32 * MIB)).length).toBe(32 * MIB);
  await other.close();
  for (const client of clients) client.socket.destroy();
});

test('a budget: accounts do not wait for one another, and one that holds nothing gets one request through', () => {
  const budget = new ByteBudget({ totalBytes: 100, accountBytes: 60, patienceMs: 1000 }, []);
  const [a, b, c] = ['a', 'b', 'c'].map((name) => budget.account(name)) as [
    BudgetAccount,
    BudgetAccount,
    BudgetAccount,
  ];
  const granted: string[] = [];
  expect([budget.take(a, 60), budget.take(a, 1)]).toEqual([true, false]);
  expect([budget.take(b, 40), budget.take(b, 10)]).toEqual([true, false]);
  // More than there is at all, and than an account may have.
  expect(budget.take(c, 500)).toBe(true);
  budget.wait(b, 30, () => granted.push('b 30'));
  budget.wait(b, 1, () => granted.push('b 1'));
  const stop = budget.wait(a, 5, () => granted.push('a 5'));
  stop();
  // Nobody of its account is overtaken.
  expect(budget.take(b, 1)).toBe(false);
  budget.release(c, 500);
  expect(granted).toEqual([]);
  budget.release(a, 60);
  expect(granted).toEqual([]);
  budget.release(b, 40);
  expect(granted).toEqual(['b 30', 'b 1']);
  expect(budget.heldBytes).toBe(31);
  expect(budget.account('b')).toBe(b);
});
