import { describe, expect, it } from 'vitest';
import type { BlockDevice } from '../../../fixtures/storage/nbd/block-device.ts';
import { ByteQueue } from '../../../fixtures/storage/nbd/byte-queue.ts';
import { ClientHandshake } from '../../../fixtures/storage/nbd/client-handshake.ts';
import { type HandshakeStep, ServerHandshake } from '../../../fixtures/storage/nbd/server-handshake.ts';

const device = { sizeBytes: 0x12345000 } as BlockDevice;
const catalogue = {
  exports: () => ['vol-1', 'größe'],
  open: (name: string) => (name === 'vol-1' ? device : undefined),
};

function flags(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function option(number: number, data: Buffer = Buffer.alloc(0)): Buffer {
  const header = Buffer.alloc(16);
  header.write('IHAVEOPT', 0, 'latin1');
  header.writeUInt32BE(number, 8);
  header.writeUInt32BE(data.length, 12);
  return Buffer.concat([header, data]);
}

function goData(name: string, requests: readonly number[] = []): Buffer {
  const data = Buffer.alloc(4 + name.length + 2 + 2 * requests.length);
  data.writeUInt32BE(name.length, 0);
  data.write(name, 4);
  data.writeUInt16BE(requests.length, 4 + name.length);
  for (const [index, request] of requests.entries()) data.writeUInt16BE(request, 6 + name.length + 2 * index);
  return data;
}

/** Every step the server takes on these bytes, fed in pieces of `size`. */
function steps(bytes: Buffer, size = bytes.length): HandshakeStep[] {
  const handshake = new ServerHandshake(catalogue);
  const queue = new ByteQueue();
  const taken: HandshakeStep[] = [];
  for (let at = 0; at < bytes.length; at += size) {
    queue.push(bytes.subarray(at, at + size));
    for (let step = handshake.next(queue); step !== undefined; step = handshake.next(queue)) {
      taken.push(step);
      if (step.kind !== 'send') return taken;
    }
  }
  return taken;
}

/** Types of the option replies in a buffer, with their data. */
function replies(bytes: Buffer): [type: string, data: Buffer][] {
  const found: [string, Buffer][] = [];
  for (let at = 0; at < bytes.length; ) {
    expect(bytes.toString('hex', at, at + 8)).toBe('0003e889045565a9');
    const length = bytes.readUInt32BE(at + 16);
    found.push([bytes.toString('hex', at + 12, at + 16), bytes.subarray(at + 20, at + 20 + length)]);
    at += 20 + length;
  }
  return found;
}

describe('ServerHandshake', () => {
  it('greets as fixed newstyle', () => {
    expect(ServerHandshake.greeting().toString('hex')).toBe('4e42444d4147494349484156454f50540003');
  });

  it('enters an export by OPT_GO, in whatever pieces the bytes come', () => {
    const bytes = Buffer.concat([flags(3), option(9), option(7, goData('vol-1', [3]))]);
    for (let size = 1; size <= bytes.length; size += 1) {
      const [unsupported, entered, ...rest] = steps(bytes, size);
      expect(rest).toEqual([]);
      expect(replies(unsupported?.bytes ?? Buffer.alloc(0)).map(([type]) => type)).toEqual(['80000001']);
      expect(entered?.kind).toBe('transmit');
      const answers = replies(entered?.bytes ?? Buffer.alloc(0));
      expect(answers.map(([type]) => type)).toEqual(['00000003', '00000003', '00000001']);
      // Size, then HAS_FLAGS | SEND_FLUSH | SEND_FUA | SEND_WRITE_ZEROES | CAN_MULTI_CONN | SEND_FAST_ZERO.
      expect(answers[0]?.[1].toString('hex')).toBe('00000000000012345000094d');
    }
  });

  it('agrees to structured replies, and to SEND_DF with them', () => {
    const [refused, agreed, entered] = steps(
      Buffer.concat([flags(3), option(8, Buffer.alloc(1)), option(8), option(7, goData('vol-1'))]),
    );
    expect(replies(refused?.bytes ?? Buffer.alloc(0)).map(([type]) => type)).toEqual(['80000003']);
    expect(replies(agreed?.bytes ?? Buffer.alloc(0)).map(([type]) => type)).toEqual(['00000001']);
    expect(entered).toMatchObject({ kind: 'transmit', isStructured: true });
    expect(replies(entered?.bytes ?? Buffer.alloc(0))[0]?.[1].toString('hex')).toBe('0000000000001234500009cd');
  });

  it('answers OPT_INFO and goes on', () => {
    const taken = steps(Buffer.concat([flags(3), option(6, goData('vol-1')), option(7, goData('vol-1'))]));
    expect(taken.map((step) => step.kind)).toEqual(['send', 'transmit']);
  });

  it('says that an export is unknown', () => {
    const [step] = steps(Buffer.concat([flags(3), option(7, goData('vol-2'))]));
    expect(step?.kind).toBe('send');
    expect(replies(step?.bytes ?? Buffer.alloc(0)).map(([type]) => type)).toEqual(['80000006']);
  });

  it('lists the exports', () => {
    const [step] = steps(Buffer.concat([flags(3), option(3)]));
    const answers = replies(step?.bytes ?? Buffer.alloc(0));
    expect(answers.map(([type]) => type)).toEqual(['00000002', '00000002', '00000001']);
    expect(answers[1]?.[1].toString('utf8', 4)).toBe('größe');
    expect(answers[1]?.[1].readUInt32BE(0)).toBe(Buffer.byteLength('größe'));
  });

  it('enters by OPT_EXPORT_NAME, with the zeroes unless the client waives them', () => {
    const lengths = [1, 3].map((flag) => {
      const [step] = steps(Buffer.concat([flags(flag), option(1, Buffer.from('vol-1'))]));
      expect(step?.kind).toBe('transmit');
      return step?.bytes.length;
    });
    expect(lengths).toEqual([134, 10]);
    const [unknown] = steps(Buffer.concat([flags(3), option(1, Buffer.from('vol-2'))]));
    expect(unknown?.kind).toBe('close');
  });

  it.each([
    ['unknown client flags', flags(4)],
    ['a wrong magic', Buffer.concat([flags(3), Buffer.alloc(16, 0x41)])],
    ['an option of 4 GiB', Buffer.concat([flags(3), option(7).fill(0xff, 12)])],
    ['an abort', Buffer.concat([flags(3), option(2)])],
    ['endless options', Buffer.concat([flags(3), ...Array.from({ length: 300 }, () => option(3))])],
  ])('closes after %s', (_what, bytes) => {
    expect(steps(bytes).at(-1)?.kind).toBe('close');
  });

  it.each([
    ['too short', Buffer.alloc(5)],
    ['a name longer than the data', Buffer.from('000000ff766f6c0000', 'hex')],
    ['bytes left over', Buffer.concat([goData('vol-1'), Buffer.alloc(1)])],
  ])('refuses OPT_GO with %s', (_what, data) => {
    const [step] = steps(Buffer.concat([flags(3), option(7, data)]));
    expect(replies(step?.bytes ?? Buffer.alloc(0)).map(([type]) => type)).toEqual(['80000003']);
  });
});

describe('ClientHandshake with ServerHandshake', () => {
  it('agrees on the size, byte by byte', () => {
    const server = new ServerHandshake(catalogue);
    const client = new ClientHandshake('vol-1');
    const [toServer, toClient] = [new ByteQueue(), new ByteQueue()];
    let sizeBytes: number | undefined;
    const advance = (bytes: Buffer) => {
      for (const byte of bytes) {
        toClient.push(Buffer.from([byte]));
        const step = client.next(toClient);
        if (step?.kind === 'send') toServer.push(step.bytes);
        if (step?.kind === 'transmit') sizeBytes = step.sizeBytes;
      }
    };
    advance(ServerHandshake.greeting());
    const entered = server.next(toServer);
    expect(entered?.kind).toBe('transmit');
    advance(entered?.bytes ?? Buffer.alloc(0));
    expect(sizeBytes).toBe(device.sizeBytes);
  });
});
