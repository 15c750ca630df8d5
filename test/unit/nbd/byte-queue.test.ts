import { describe, expect, it } from 'vitest';
import { ByteQueue } from '../../../fixtures/storage/nbd/byte-queue.ts';

describe('ByteQueue', () => {
  it('gives the same bytes whatever the pieces they came and are taken in', () => {
    const bytes = Buffer.from(Array.from({ length: 40 }, (_, index) => index));
    for (let pieceIn = 1; pieceIn <= bytes.length; pieceIn += 1) {
      for (let pieceOut = 1; pieceOut <= bytes.length; pieceOut += 1) {
        const queue = new ByteQueue();
        for (let at = 0; at < bytes.length; at += pieceIn) queue.push(bytes.subarray(at, at + pieceIn));
        const out: Buffer[] = [];
        for (let piece = queue.take(pieceOut); piece !== undefined; piece = queue.take(pieceOut)) out.push(piece);
        const rest = queue.take(queue.length) ?? Buffer.alloc(0);
        expect(Buffer.concat([...out, rest]).equals(bytes)).toBe(true);
        expect(out.every((piece) => piece.length === pieceOut)).toBe(true);
      }
    }
  });

  it('takes nothing while bytes are missing', () => {
    const queue = new ByteQueue();
    queue.push(Buffer.from('abc'));
    expect(queue.take(4)).toBeUndefined();
    queue.push(Buffer.from('d'));
    expect(queue.take(4)?.toString()).toBe('abcd');
    expect(queue.length).toBe(0);
  });
});
