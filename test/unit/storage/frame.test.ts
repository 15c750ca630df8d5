import { describe, expect, test } from 'vitest';
import { encodeFrame, FrameDecoder, FrameError, MAX_FRAME_BYTES } from '../../../fixtures/storage/wire/frame.ts';
import { asPeerMessage } from '../../../fixtures/storage/wire/peer-message.ts';

const payload = Buffer.from([0, 1, 2, 255]);
const stream = Buffer.concat([
  ...encodeFrame({ type: 'ping', sentAt: 1.5 }),
  ...encodeFrame({ type: 'write', name: 'ü' }, payload),
  ...encodeFrame({ type: 'full' }),
]);

describe('frames', () => {
  test.each([1, 2, 3, 5, 7, stream.length])('come out whole from pieces of %i bytes', (size) => {
    const decoder = new FrameDecoder();
    const frames = [];
    for (let at = 0; at < stream.length; at += size) frames.push(...decoder.push(stream.subarray(at, at + size)));
    expect(frames.map(({ header }) => header)).toEqual([
      { type: 'ping', sentAt: 1.5 },
      { type: 'write', name: 'ü' },
      { type: 'full' },
    ]);
    expect(frames.map((frame) => [...frame.payload])).toEqual([[], [...payload], []]);
  });

  test('a length beyond the limit, a header beyond its frame and one that is no JSON are refused', () => {
    const tooLong = Buffer.alloc(4);
    tooLong.writeUInt32BE(MAX_FRAME_BYTES + 1);
    expect(() => new FrameDecoder().push(tooLong)).toThrow(FrameError);
    expect(() => new FrameDecoder().push(Buffer.from([0, 0, 0, 3, 0, 9, 0x7b]))).toThrow(FrameError);
    expect(() => new FrameDecoder().push(Buffer.from([0, 0, 0, 3, 0, 1, 0x7b]))).toThrow(FrameError);
  });

  test('a header of a type no peer sends is refused', () => {
    expect(() => asPeerMessage({ header: { type: 'reboot' }, payload })).toThrow(FrameError);
    expect(() => asPeerMessage({ header: null, payload })).toThrow(FrameError);
  });
});
