import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { BlockDevice } from '../../../fixtures/storage/nbd/block-device.ts';
import { connectNbd, type NbdClient } from '../../../fixtures/storage/nbd/client.ts';
import { type NbdServer, startNbdServer } from '../../../fixtures/storage/nbd/server.ts';
import { encodeRequestHeader } from '../../../fixtures/storage/nbd/transmission.ts';
import { FileDevice } from './file-device.ts';

const MIB = 1024 * 1024;

async function serve(device: BlockDevice, onBytes?: (localAddress: string, bytes: number) => void) {
  const server = await startNbdServer({
    host: '127.0.0.1',
    port: 0,
    exports: () => ['disk'],
    open: (name) => (name === 'disk' ? device : undefined),
    ...(onBytes && { onBytes }),
  });
  return Object.assign(server, { [Symbol.asyncDispose]: () => server.close() });
}

function attach(server: NbdServer, exportName = 'disk', onBytes?: (bytes: number) => void): Promise<NbdClient> {
  return connectNbd({
    host: '127.0.0.1',
    port: server.port,
    exportName,
    connectTimeoutMs: 1000,
    ...(onBytes && { onBytes }),
  });
}

/** A device whose every operation is settled by the test. */
function heldDevice(sizeBytes: number) {
  const held: { op: string; offset: number; length: number; resolve(): void; reject(error: Error): void }[] = [];
  const hold = (op: string, offset: number, length: number) =>
    new Promise<Buffer>((resolve, reject) => {
      held.push({ op, offset, length, reject, resolve: () => resolve(Buffer.alloc(length, offset / 512)) });
    });
  const device: BlockDevice = {
    sizeBytes,
    read: (offset, length) => hold('read', offset, length),
    write: async (offset, data) => void (await hold('write', offset, data.length)),
    flush: async () => void (await hold('flush', 0, 0)),
  };
  return { device, held };
}

async function until(condition: () => boolean): Promise<void> {
  for (let tries = 0; !condition(); tries += 1) {
    if (tries > 500) throw new Error('never came true');
    await delay(2);
  }
}

describe('NBD over TCP', () => {
  it('carries bytes to a file and back, and says which writes are forced', async () => {
    await using device = await FileDevice.create(4 * MIB);
    await using server = await serve(device);
    const client = await attach(server);
    expect(client.sizeBytes).toBe(4 * MIB);
    const data = randomBytes(3 * MIB);
    await client.write(512, data, { fua: false });
    await client.write(0, Buffer.alloc(512, 1), { fua: true });
    await client.flush();
    expect((await client.read(512, data.length)).equals(data)).toBe(true);
    expect((await readFile(device.path)).subarray(512, 512 + data.length).equals(data)).toBe(true);
    expect(device.fuaWrites).toEqual([false, true]);
    expect(device.flushes).toBe(1);
    await client.close();
    expect(await client.closed).toBeUndefined();
  });

  it('lets many requests be in flight and answers them in the order they finish', async () => {
    const { device, held } = heldDevice(MIB);
    await using server = await serve(device);
    const client = await attach(server);
    const finished: number[] = [];
    const reads = [0, 1, 2].map(async (index) => {
      const data = await client.read(index * 512, 512);
      expect(data.every((byte) => byte === index)).toBe(true);
      finished.push(index);
    });
    await until(() => held.length === 3);
    for (const index of [2, 0, 1]) {
      held[index]?.resolve();
      await reads[index];
    }
    expect(finished).toEqual([2, 0, 1]);
    await client.close();
  });

  it('hangs on an operation that does not settle, and answers the others', async () => {
    const { device, held } = heldDevice(MIB);
    await using server = await serve(device);
    const client = await attach(server);
    let settled = false;
    const hung = client
      .write(0, Buffer.alloc(512), { fua: false })
      .catch((error: unknown) => error)
      .finally(() => {
        settled = true;
      });
    await until(() => held.length === 1);
    const read = client.read(512, 512);
    await until(() => held.length === 2);
    held[1]?.resolve();
    await read;
    expect([settled, client.inFlight]).toEqual([false, 1]);
    await client.close();
    expect(await hung).toMatchObject({ code: 'ECLOSED' });
  });

  it('answers what passes the end with EINVAL or ENOSPC, and does not ask the device', async () => {
    await using device = await FileDevice.create(MIB);
    await using server = await serve(device);
    const client = await attach(server);
    await expect(client.read(MIB - 512, 1024)).rejects.toMatchObject({ code: 'EINVAL' });
    await expect(client.write(MIB, Buffer.alloc(1), { fua: false })).rejects.toMatchObject({ code: 'ENOSPC' });
    expect((await client.read(MIB - 512, 512)).length).toBe(512);
    expect(device.fuaWrites).toEqual([]);
    await client.close();
  });

  it('passes on an error of the device and goes on', async () => {
    const { device, held } = heldDevice(MIB);
    await using server = await serve(device);
    const client = await attach(server);
    for (const [error, code] of [
      [Object.assign(new Error(), { code: 'ENOSPC' }), 'ENOSPC'],
      [new Error('no code'), 'EIO'],
    ] as const) {
      const write = client.write(0, Buffer.alloc(512), { fua: false });
      await until(() => held.length === 1);
      held.pop()?.reject(error);
      await expect(write).rejects.toMatchObject({ code });
    }
    await client.close();
  });

  it('answers ESHUTDOWN and closes, leaving the rest without an answer', async () => {
    const { device, held } = heldDevice(MIB);
    await using server = await serve(device);
    const client = await attach(server);
    const [first, second] = [client.read(0, 512), client.read(512, 512)];
    await until(() => held.length === 2);
    held[1]?.reject(Object.assign(new Error(), { code: 'ESHUTDOWN' }));
    await expect(second).rejects.toMatchObject({ code: 'ESHUTDOWN' });
    await expect(first).rejects.toMatchObject({ code: 'ECLOSED' });
    await client.closed;
    await expect(client.read(0, 512)).rejects.toMatchObject({ code: 'ECLOSED' });
  });

  it('tells an unknown export from a server that is not there', async () => {
    await using device = await FileDevice.create(MIB);
    await using server = await serve(device);
    await expect(attach(server, 'other')).rejects.toMatchObject({ code: 'EUNKNOWNEXPORT' });
    await server.close();
    await expect(attach(server)).rejects.toMatchObject({ code: 'ECLOSED' });
  });

  it('gives up on a server that never shakes hands', async () => {
    const silent = createServer();
    silent.listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const address = silent.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    await expect(
      connectNbd({ host: '127.0.0.1', port, exportName: 'disk', connectTimeoutMs: 50 }),
    ).rejects.toMatchObject({ code: 'ETIMEDOUT' });
    silent.close();
  });

  it('disconnects one export only, at once', async () => {
    await using file = await FileDevice.create(MIB);
    const { device } = heldDevice(MIB);
    await using server = await startNbdServerOf({ hung: device, file });
    const [one, two] = [await attach(server, 'hung'), await attach(server, 'file')];
    const pending = one.read(0, 512);
    server.disconnect('hung');
    await expect(pending).rejects.toMatchObject({ code: 'ECLOSED' });
    expect((await two.read(0, 512)).length).toBe(512);
    await two.close();
  });

  it('counts the bytes that arrive, with the address they arrive on', async () => {
    await using device = await FileDevice.create(MIB);
    let atServer = 0;
    let atClient = 0;
    const addresses = new Set<string>();
    await using server = await serve(device, (address, bytes) => {
      addresses.add(address);
      atServer += bytes;
    });
    const client = await attach(server, 'disk', (bytes) => {
      atClient += bytes;
    });
    await client.write(0, Buffer.alloc(1000), { fua: false });
    await client.read(0, 3000);
    expect([...addresses]).toEqual(['127.0.0.1']);
    // Flags, OPT_GO for a name of four bytes, two requests and one payload; greeting, three option replies, two replies.
    expect(atServer).toBe(4 + 16 + 10 + 2 * 28 + 1000);
    expect(atClient).toBe(18 + (20 + 12) + (20 + 14) + 20 + 2 * 16 + 3000);
    await client.close();
  });

  it('stops reading a connection with too much in flight, and goes on when it is answered', async () => {
    const { device, held } = heldDevice(256 * MIB);
    let received = 0;
    await using server = await serve(device, (_address, bytes) => {
      received += bytes;
    });
    const client = await attach(server);
    const writes = Array.from({ length: 100 }, () => client.write(0, Buffer.alloc(MIB), { fua: false }));
    await until(() => held.length === 64);
    await delay(50);
    expect(held.length).toBe(64);
    expect(received).toBeLessThan(66 * MIB);
    for (let index = 0; index < 100; index += 1) {
      await until(() => held.length > index);
      held[index]?.resolve();
    }
    await Promise.all(writes);
    await client.close();
  });

  it('ends a connection that it cannot understand, and serves the others', async () => {
    await using device = await FileDevice.create(MIB);
    await using server = await serve(device);
    const client = await attach(server);
    const socket = connect(server.port, '127.0.0.1');
    socket.on('error', () => undefined).resume();
    socket.write(Buffer.alloc(64, 0xff));
    await once(socket, 'close');
    expect((await client.read(0, 512)).length).toBe(512);
    await client.close();
  });

  it('has the kernel probe idle connections, so that a client that vanished is noticed', async () => {
    await using device = await FileDevice.create(MIB);
    await using server = await serve(device);
    const client = await attach(server);
    await client.read(0, 512);
    const port = server.port.toString(16).toUpperCase().padStart(4, '0');
    // The server's end of the connection, established: its timer is number 2, keepalive, once all is acknowledged.
    const timer = async () => {
      const lines = (await readFile('/proc/net/tcp', 'utf8')).split('\n').map((line) => line.trim().split(/\s+/));
      return lines.find(([, local, , state]) => local?.endsWith(`:${port}`) && state === '01')?.[5];
    };
    await expect.poll(timer).toMatch(/^02:/);
    await client.close();
  });

  it('answers everything before it lets go after DISC', async () => {
    const { device, held } = heldDevice(MIB);
    await using server = await serve(device);
    // The handshake as bytes, then a read and DISC in one piece.
    const socket = connect(server.port, '127.0.0.1');
    const chunks: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.write(Buffer.from('0000000349484156454f505400000007' + '0000000a' + '000000046469736b0000', 'hex'));
    const read = encodeRequestHeader({ flags: 0, command: 0, cookie: 1n, offset: 512, length: 512 });
    const goodbye = encodeRequestHeader({ flags: 0, command: 2, cookie: 2n, offset: 0, length: 0 });
    socket.write(Buffer.concat([read, goodbye]));
    await until(() => held.length === 1);
    const before = Buffer.concat(chunks).length;
    held[0]?.resolve();
    await once(socket, 'close');
    expect(Buffer.concat(chunks).length - before).toBe(16 + 512);
  });
});

async function startNbdServerOf(devices: Readonly<Record<string, BlockDevice>>) {
  const server = await startNbdServer({
    host: '127.0.0.1',
    port: 0,
    exports: () => Object.keys(devices),
    open: (name) => devices[name],
  });
  return Object.assign(server, { [Symbol.asyncDispose]: () => server.close() });
}
