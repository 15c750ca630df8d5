import { describe, expect, it } from 'vitest';
import { ByteQueue } from '../../../fixtures/storage/nbd/byte-queue.ts';
import {
  encodeRequestHeader,
  encodeSimpleReply,
  ReplyDecoder,
  RequestDecoder,
} from '../../../fixtures/storage/nbd/transmission.ts';

const write = { flags: 1, command: 1, cookie: 0xfedcba9876543210n, offset: 2 ** 40 + 512, length: 5 };

describe('RequestDecoder', () => {
  it('reads requests as the protocol lays them out', () => {
    expect(encodeRequestHeader(write).toString('hex')).toBe(
      '25609513' + '0001' + '0001' + 'fedcba9876543210' + '0000010000000200' + '00000005',
    );
  });

  it('finds the same requests in pieces of every size', () => {
    const read = { flags: 0, command: 0, cookie: 7n, offset: 4096, length: 8192 };
    const data = Buffer.from('hello');
    const bytes = Buffer.concat([encodeRequestHeader(write), data, encodeRequestHeader(read)]);
    for (let size = 1; size <= bytes.length; size += 1) {
      const [queue, decoder] = [new ByteQueue(), new RequestDecoder()];
      const found = [];
      for (let at = 0; at < bytes.length; at += size) {
        queue.push(bytes.subarray(at, at + size));
        for (let request = decoder.next(queue); request !== undefined; request = decoder.next(queue)) {
          found.push({ ...request, data: Buffer.from(request.data) });
        }
      }
      expect(found).toEqual([
        { ...write, data },
        { ...read, data: Buffer.alloc(0) },
      ]);
    }
  });

  it.each([
    ['a wrong magic', Buffer.alloc(28)],
    ['a write of more than 32 MiB', encodeRequestHeader({ ...write, length: 32 * 1024 * 1024 + 1 })],
  ])('does not go on after %s', (_what, bytes) => {
    const queue = new ByteQueue();
    queue.push(bytes);
    expect(() => new RequestDecoder().next(queue)).toThrow('EPROTOCOL');
  });
});

describe('ReplyDecoder', () => {
  it('finds the same replies, out of order and in pieces of every size', () => {
    const payloads = new Map([
      [1n, 3],
      [2n, 0],
      [3n, 4],
    ]);
    const bytes = Buffer.concat([
      encodeSimpleReply(3n, 5), // an error has no payload
      encodeSimpleReply(1n, 0),
      Buffer.from('abc'),
      encodeSimpleReply(2n, 0),
    ]);
    for (let size = 1; size <= bytes.length; size += 1) {
      const [queue, decoder] = [new ByteQueue(), new ReplyDecoder((cookie) => payloads.get(cookie))];
      const found: string[] = [];
      for (let at = 0; at < bytes.length; at += size) {
        queue.push(bytes.subarray(at, at + size));
        for (let reply = decoder.next(queue); reply !== undefined; reply = decoder.next(queue)) {
          found.push(`${reply.cookie} ${reply.errno} ${reply.data.toString()}`);
        }
      }
      expect(found).toEqual(['3 5 ', '1 0 abc', '2 0 ']);
    }
  });

  it('does not accept a reply to a request that was never sent', () => {
    const queue = new ByteQueue();
    queue.push(encodeSimpleReply(9n, 0));
    expect(() => new ReplyDecoder(() => undefined).next(queue)).toThrow('EPROTOCOL');
  });
});
