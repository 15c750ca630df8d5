import { describe, expect, it } from 'vitest';
import { encodeExtent, sectorSequences, summariseExtent } from '../../../fixtures/storage/ledger/extent.ts';
import { decodeSector, encodeSector, SECTOR_BYTES, volumeTag } from '../../../fixtures/storage/ledger/sector.ts';

const tag = volumeTag('vol-1');
const EXTENT_BYTES = 8 * SECTOR_BYTES;

function sector(sequence: number, index = 0): Buffer {
  const bytes = Buffer.alloc(SECTOR_BYTES);
  encodeSector(bytes, 0, { tag, extent: 3, index, sequence });
  return bytes;
}

describe('a sector', () => {
  it('says what was written into it', () => {
    const header = { tag, extent: 3, index: 0, sequence: 2 ** 40 + 7 };
    expect(decodeSector(sector(header.sequence), 0)).toEqual({ kind: 'written', ...header });
  });

  it('is the same bytes each time it is made', () => {
    expect(sector(5).equals(sector(5))).toBe(true);
  });

  it('is zero before anything was written', () => {
    expect(decodeSector(Buffer.alloc(SECTOR_BYTES), 0)).toEqual({ kind: 'zero' });
  });

  it('is damaged if any one byte is', () => {
    for (let at = 0; at < SECTOR_BYTES; at += 1) {
      const bytes = sector(5);
      bytes[at] = (bytes[at] ?? 0) ^ 1;
      expect(decodeSector(bytes, 0).kind).toBe('damaged');
    }
  });

  it('is damaged wherever it was torn between two writes', () => {
    for (let at = 32; at < SECTOR_BYTES; at += 1) {
      const torn = Buffer.concat([sector(6).subarray(0, at), sector(5).subarray(at)]);
      expect(decodeSector(torn, 0).kind).toBe('damaged');
    }
  });

  it('is damaged if a part in its middle is missing', () => {
    for (let at = 32; at < SECTOR_BYTES - 68; at += 1) {
      const holed = sector(6);
      sector(5).copy(holed, at, at, at + 64);
      expect(decodeSector(holed, 0).kind).toBe('damaged');
    }
  });

  it('is not zero if one byte is set', () => {
    const bytes = Buffer.alloc(SECTOR_BYTES);
    bytes[4000] = 1;
    expect(decodeSector(bytes, 0).kind).toBe('damaged');
  });
});

describe('an extent', () => {
  it('has the sequence number of its write in every sector', () => {
    const bytes = encodeExtent(tag, 3, 9, EXTENT_BYTES);
    expect(bytes.length).toBe(EXTENT_BYTES);
    expect(sectorSequences(bytes, tag, 3)).toEqual(Array(8).fill(9));
    expect(summariseExtent(bytes, tag, 3)).toEqual({ lowest: 9, highest: 9, wrong: 0 });
  });

  it('shows a write of which only some sectors arrived', () => {
    const [old, young] = [encodeExtent(tag, 3, 4, EXTENT_BYTES), encodeExtent(tag, 3, 9, EXTENT_BYTES)];
    const torn = Buffer.concat([young.subarray(0, 3 * SECTOR_BYTES), old.subarray(3 * SECTOR_BYTES)]);
    expect(summariseExtent(torn, tag, 3)).toEqual({ lowest: 4, highest: 9, wrong: 0 });
    young.fill(0, 2 * SECTOR_BYTES, 3 * SECTOR_BYTES);
    expect(summariseExtent(young, tag, 3)).toEqual({ lowest: 0, highest: 9, wrong: 0 });
    young[5 * SECTOR_BYTES + 100] = 0xff ^ (young[5 * SECTOR_BYTES + 100] ?? 0);
    expect(summariseExtent(young, tag, 3)).toEqual({ lowest: 0, highest: 9, wrong: 1 });
  });

  it('knows sectors of another extent, place or volume', () => {
    const bytes = encodeExtent(tag, 3, 9, EXTENT_BYTES);
    expect(summariseExtent(bytes, tag, 4).wrong).toBe(8);
    expect(summariseExtent(bytes, volumeTag('vol-2'), 3).wrong).toBe(8);
    const swapped = Buffer.concat([bytes.subarray(SECTOR_BYTES), bytes.subarray(0, SECTOR_BYTES)]);
    expect(summariseExtent(swapped, tag, 3)).toEqual({ lowest: 0, highest: 0, wrong: 8 });
  });
});
