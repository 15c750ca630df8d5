import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { BlockDevice } from '../../../fixtures/storage/nbd/block-device.ts';
import { startNbdServer } from '../../../fixtures/storage/nbd/server.ts';
import { mutatedBytes, sendEach } from '../storage/mutated-streams.ts';
import { FLAGS, goOption, option, RawClient, request } from './raw-client.ts';

const [EINVAL, ENOSPC, ENOTSUP, EIO] = [22, 28, 95, 5];
const [FUA, NO_HOLE, DF, FAST_ZERO] = [1, 2, 4, 16];
const KIB = 1024;
/** No multiple of 4,096. */
const SIZE = 1000 * KIB + 512;

/** A disk of ones in memory that writes down what is asked of it. */
async function serveDisk() {
  const bytes = Buffer.alloc(SIZE, 1);
  const calls: string[] = [];
  const device: BlockDevice = {
    sizeBytes: SIZE,
    async read(offset, length) {
      if (offset === 999) throw new Error('a bad sector');
      if (offset === 777) await delay(50);
      return Buffer.from(bytes.subarray(offset, offset + length));
    },
    async write(offset, data, { fua }) {
      calls.push(`write ${offset} ${data.length}${fua ? ' fua' : ''}`);
      data.copy(bytes, offset);
    },
    async flush() {
      calls.push('flush');
    },
  };
  const open = (name: string) => (name === 'disk' ? device : undefined);
  const server = await startNbdServer({ host: '127.0.0.1', port: 0, exports: () => ['disk'], open });
  return { bytes, calls, port: server.port, [Symbol.asyncDispose]: () => server.close() };
}

describe('FLUSH', () => {
  test('with an offset or a length is EINVAL, as both are reserved', async () => {
    await using disk = await serveDisk();
    const client = await RawClient.enter(disk.port, 'disk');
    client.send(request({ command: 'flush', length: 512 }), request({ command: 'flush', offset: 512 }));
    expect([await client.simpleReply(), await client.simpleReply()]).toEqual([EINVAL, EINVAL]);
    client.send(request({ command: 'flush' }));
    expect(await client.simpleReply()).toBe(0);
    expect(disk.calls).toEqual(['flush']);
    client.socket.destroy();
  });
});

describe('WRITE_ZEROES', () => {
  test('reads back as zeroes and touches nothing else', async () => {
    await using disk = await serveDisk();
    const client = await RawClient.enter(disk.port, 'disk');
    client.send(request({ command: 'writeZeroes', flags: NO_HOLE, offset: 513, length: 600 * KIB }));
    expect(await client.simpleReply()).toBe(0);
    const expected = Buffer.alloc(SIZE, 1).fill(0, 513, 513 + 600 * KIB);
    expect(disk.bytes.equals(expected)).toBe(true);
    // In pieces of 256 KiB, however long it is, so that it takes no memory.
    expect(disk.calls).toEqual([`write 513 262144`, `write 262657 262144`, `write 524801 90112`]);
    client.socket.destroy();
  });

  test('with FUA is on stable storage before the reply', async () => {
    await using disk = await serveDisk();
    const client = await RawClient.enter(disk.port, 'disk');
    client.send(request({ command: 'writeZeroes', flags: FUA, length: 4096 }));
    client.send(request({ command: 'writeZeroes', flags: FUA | NO_HOLE, length: 300 * KIB }));
    expect([await client.simpleReply(), await client.simpleReply()]).toEqual([0, 0]);
    expect(disk.calls.at(0)).toBe('write 0 4096 fua');
    expect(disk.calls.at(-1)).toBe('flush');
    client.socket.destroy();
  });

  test('is refused beyond the end, with flags of other commands, and as a fast one', async () => {
    await using disk = await serveDisk();
    const client = await RawClient.enter(disk.port, 'disk');
    for (const [given, errno] of [
      [{ offset: 512, length: SIZE }, ENOSPC],
      [{ offset: 0, length: 2 ** 32 - 1 }, ENOSPC],
      [{ flags: DF, length: 512 }, EINVAL],
      [{ flags: 0x8000, length: 512 }, EINVAL],
      // Never faster than a write: said at once, and nothing is changed.
      [{ flags: FAST_ZERO | NO_HOLE, length: 512 }, ENOTSUP],
    ] as const) {
      client.send(request({ command: 'writeZeroes', ...given }));
      expect(await client.simpleReply(), JSON.stringify(given)).toBe(errno);
    }
    expect(disk.calls).toEqual([]);
    client.send(request({ command: 'writeZeroes', length: SIZE }));
    expect(await client.simpleReply()).toBe(0);
    expect(disk.bytes.equals(Buffer.alloc(SIZE))).toBe(true);
    client.socket.destroy();
  });
});

describe('structured replies', () => {
  test('a read is answered in one chunk of data, with DF and without; other commands as before', async () => {
    await using disk = await serveDisk();
    const client = await RawClient.enter(disk.port, 'disk', true);
    disk.bytes.fill(7, 511, 600);
    client.send(request({ command: 'read', cookie: 5n, offset: 500, length: 100 }));
    client.send(request({ command: 'read', cookie: 6n, flags: DF, offset: SIZE - 3, length: 3 }));
    const [first, last] = [await client.chunk(), await client.chunk()];
    expect(first).toMatchObject({ flags: 1, type: 1, cookie: 5n });
    expect(first.payload.readBigUInt64BE(0)).toBe(500n);
    expect(first.payload.subarray(8).equals(disk.bytes.subarray(500, 600))).toBe(true);
    expect(last).toMatchObject({ flags: 1, type: 1, cookie: 6n });
    expect([last.payload.readBigUInt64BE(0), last.payload.length]).toEqual([BigInt(SIZE - 3), 11]);
    client.send(
      request({ command: 'write', length: 4 }),
      Buffer.from('abcd'),
      request({ command: 'flush', cookie: 2n }),
    );
    expect([await client.simpleReply(1n), await client.simpleReply(2n)]).toEqual([0, 0]);
    client.socket.destroy();
  });

  test('nothing read is a chunk of type NONE, and a failure one of type ERROR', async () => {
    await using disk = await serveDisk();
    const client = await RawClient.enter(disk.port, 'disk', true);
    client.send(request({ command: 'read', length: 0 }));
    expect(await client.chunk()).toEqual({ flags: 1, type: 0, cookie: 1n, payload: Buffer.alloc(0) });
    for (const [given, errno] of [
      [{ offset: SIZE, length: 1 }, EINVAL],
      [{ flags: NO_HOLE, length: 1 }, EINVAL],
      [{ offset: 999, length: 1 }, EIO],
    ] as const) {
      client.send(request({ command: 'read', ...given }));
      const { flags, type, payload } = await client.chunk();
      expect([flags, type, payload.length]).toEqual([1, 2 ** 15 + 1, 6]);
      expect([payload.readUInt32BE(0), payload.readUInt16BE(4)]).toEqual([errno, 0]);
    }
    client.socket.destroy();
  });

  test('DF without them is EINVAL', async () => {
    await using disk = await serveDisk();
    const client = await RawClient.enter(disk.port, 'disk');
    client.send(request({ command: 'read', flags: DF, length: 1 }));
    expect(await client.simpleReply()).toBe(EINVAL);
    client.socket.destroy();
  });
});

describe('commands that are not served', () => {
  test.each([
    ['TRIM', 4],
    ['CACHE', 5],
    ['BLOCK_STATUS', 7],
    ['RESIZE', 8],
  ])('%s is an error, and the connection goes on', async (_name, command) => {
    await using disk = await serveDisk();
    const client = await RawClient.enter(disk.port, 'disk', true);
    client.send(request({ command, length: 4096 }), request({ command: 'flush', cookie: 2n }));
    expect([await client.simpleReply(1n), await client.simpleReply(2n)]).toEqual([EINVAL, 0]);
    expect(disk.calls).toEqual(['flush']);
    client.socket.destroy();
  });
});

describe('a client that closes its half', () => {
  test('is answered, and then the connection ends', async () => {
    await using disk = await serveDisk();
    const client = await RawClient.enter(disk.port, 'disk');
    client.send(request({ command: 'write', cookie: 1n, length: 4 }), Buffer.from('abcd'));
    client.send(
      request({ command: 'flush', cookie: 2n }),
      request({ command: 'read', cookie: 3n, offset: 777, length: 4 }),
    );
    client.socket.end();
    expect([await client.simpleReply(1n), await client.simpleReply(2n)]).toEqual([0, 0]);
    // This one takes its time, and the end has long been seen.
    expect(await client.simpleReply(3n)).toBe(0);
    expect([...(await client.take(4))]).toEqual([1, 1, 1, 1]);
    await client.closed;
    expect(client.receivedBytes).toBe(0);
  });

  test('in the middle of a request or of the handshake has said all that it will', async () => {
    await using disk = await serveDisk();
    const client = await RawClient.enter(disk.port, 'disk');
    client.send(request({ command: 'flush' }), request({ command: 'write', length: 4096 }), Buffer.alloc(100));
    client.socket.end();
    expect(await client.simpleReply()).toBe(0);
    await client.closed;
    const other = await RawClient.connect(disk.port);
    other.socket.end(FLAGS);
    await other.closed;
    expect(disk.calls).toEqual(['flush']);
  });
});

test('a server goes on, whatever bytes come', async () => {
  await using disk = await serveDisk();
  const requests = [
    request({ command: 'write', length: 64 }),
    Buffer.alloc(64, 1),
    request({ command: 'read', length: 64 }),
    request({ command: 'writeZeroes', flags: FUA, offset: 4096, length: 4096 }),
    request({ command: 'flush' }),
    request({ command: 'disconnect' }),
  ];
  const streams = [
    Buffer.concat([FLAGS, option(8), goOption('disk'), ...requests]),
    Buffer.concat([FLAGS, option(3), option(6, goOption('disk').subarray(16)), goOption('disk#holder#1'), ...requests]),
    Buffer.concat([FLAGS, option(1, Buffer.from('disk')), ...requests]),
  ];
  await sendEach({ host: '127.0.0.1', port: disk.port }, mutatedBytes(5, streams, 600));
  const client = await RawClient.enter(disk.port, 'disk');
  client.send(request({ command: 'read', offset: SIZE - 4, length: 4 }));
  expect(await client.simpleReply()).toBe(0);
  client.socket.destroy();
});
