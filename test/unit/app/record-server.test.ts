import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { createRecordServer } from '../../../fixtures/storage/app/record-server.ts';
import { RecordStore, type RecordVolume } from '../../../fixtures/storage/app/record-store.ts';
import { SocketBytes } from '../../../fixtures/storage/app/socket-bytes.ts';
import { OperationError } from '../../../fixtures/storage/attachment/operation-error.ts';
import { mutatedBytes, sendEach } from '../storage/mutated-streams.ts';

const VOLUME_BYTES = 64 * 1024;

class MemoryVolume implements RecordVolume {
  readonly bytes = Buffer.alloc(VOLUME_BYTES);
  readonly fua: boolean[] = [];
  hang = false;
  full = false;
  aborted = 0;

  async read(offset: number, length: number, signal?: AbortSignal): Promise<Buffer> {
    await this.#gate(signal);
    return Buffer.from(this.bytes.subarray(offset, offset + length));
  }

  async write(offset: number, content: () => Buffer, { fua }: { fua: boolean }, signal?: AbortSignal): Promise<void> {
    await this.#gate(signal);
    this.fua.push(fua);
    content().copy(this.bytes, offset);
  }

  async #gate(signal?: AbortSignal): Promise<void> {
    if (this.full) throw new OperationError('QUEUE_FULL');
    if (!this.hang) return;
    await new Promise((_resolve, reject) => {
      signal?.addEventListener('abort', () => {
        this.aborted += 1;
        reject(new OperationError('ABORTED'));
      });
    });
  }
}

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

async function start() {
  const volumes = [new MemoryVolume(), new MemoryVolume()] as const;
  const counts = { requests: 0, inFlight: 0 };
  const server = createRecordServer(
    new RecordStore(volumes, { volumeBytes: VOLUME_BYTES, reservedBytes: 0 }, 1),
    counts,
  );
  let bytes = 0;
  const sockets = new SocketBytes(server, (_address, count) => {
    bytes += count;
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(() => {
    server.close();
    server.closeAllConnections();
  });
  const address = server.address();
  const base = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
  const put = (key: string | number, body: string | Buffer) =>
    fetch(`${base}/records/${key}`, { method: 'PUT', body: new Uint8Array(Buffer.from(body)) });
  const receivedBytes = () => {
    sockets.poll();
    return bytes;
  };
  return { volumes, counts, base, put, receivedBytes };
}

describe('the sample application', () => {
  it('gives back exactly what was put, from disk, forced before the answer', async () => {
    const { put, base, volumes } = await start();
    for (const [key, body] of [
      [0, 'first'],
      [1, 'größe\n'],
      [15, ''],
    ] as const) {
      expect((await put(key, body)).status).toBe(204);
      const got = await fetch(`${base}/records/${key}`);
      expect([got.status, await got.text()]).toEqual([200, body]);
    }
    expect([...volumes[0].fua, ...volumes[1].fua]).toEqual([true, true, true]);
    await put(0, 'second');
    expect(await (await fetch(`${base}/records/0`)).text()).toBe('second');
    // No cache: what is on the disk is what is answered.
    volumes[0].bytes.fill(0);
    expect((await fetch(`${base}/records/0`)).status).toBe(404);
  });

  it('answers 404 for a record never written or that cannot be, 413 for one too long, 405 otherwise', async () => {
    const { put, base } = await start();
    expect((await fetch(`${base}/records/3`)).status).toBe(404);
    expect((await put(16, 'no room')).status).toBe(404);
    expect((await put('x', 'no key')).status).toBe(404);
    expect((await put(0, Buffer.alloc(3073, 97))).status).toBe(413);
    expect((await put(0, Buffer.alloc(3072, 97))).status).toBe(204);
    expect((await fetch(`${base}/records/0`, { method: 'DELETE' })).status).toBe(405);
    expect(await (await fetch(`${base}/healthz`)).json()).toEqual({ records: 16 });
  });

  it('answers 500 when the checksum is wrong', async () => {
    const { put, base, volumes } = await start();
    await put(0, 'body');
    volumes[0].bytes[VOLUME_BYTES / 2 + 21] = 0;
    expect((await fetch(`${base}/records/0`)).status).toBe(500);
  });

  it('hangs with its volume, lets go of aborted requests, and serves the other volumes', async () => {
    const { put, base, volumes, counts } = await start();
    volumes[0].hang = true;
    const read = fetch(`${base}/records/0`, { signal: AbortSignal.timeout(150) });
    await expect(read).rejects.toThrow();
    expect((await put(1, 'other')).status).toBe(204);
    for (let tries = 0; counts.inFlight > 0 && tries < 100; tries += 1) await delay(5);
    expect([volumes[0].aborted, counts]).toEqual([1, { requests: 2, inFlight: 0 }]);
  });

  it('answers 503 when a volume takes no more', async () => {
    const { put, volumes } = await start();
    volumes[0].full = true;
    expect((await put(0, 'body')).status).toBe(503);
  });

  it('counts the bytes it receives', async () => {
    const { put, receivedBytes } = await start();
    await put(0, Buffer.alloc(3000, 97));
    const first = receivedBytes();
    expect(first).toBeGreaterThan(3000);
    expect(first).toBeLessThan(3500);
    await put(0, Buffer.alloc(3000, 97));
    expect(receivedBytes()).toBe(2 * first);
  });

  it('goes on, whatever bytes come to its port', async () => {
    const { put, base, counts } = await start();
    const requests = [
      'PUT /records/1 HTTP/1.1\r\nhost: app\r\ncontent-length: 4\r\n\r\nbody',
      'PUT /records/2 HTTP/1.1\r\nhost: app\r\ntransfer-encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n',
      'PUT /records/3 HTTP/1.1\r\nhost: app\r\nexpect: 100-continue\r\ncontent-length: 4\r\n\r\nbody',
      'GET /records/1 HTTP/1.1\r\nhost: app\r\n\r\nGET /records/%31 HTTP/1.1\r\nhost: app\r\nupgrade: h2c\r\nconnection: upgrade\r\n\r\n',
      'CONNECT app:80 HTTP/1.1\r\nhost: app\r\n\r\nGET /healthz HTTP/1.0\r\n\r\n',
    ].map((text) => Buffer.from(text));
    const { hostname, port } = new URL(base);
    await sendEach({ host: hostname, port: Number(port) }, mutatedBytes(4, requests, 400));
    expect((await put(0, 'still here')).status).toBe(204);
    await expect.poll(() => counts.inFlight).toBe(0);
  });
});
