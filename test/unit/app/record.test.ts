import { describe, expect, it } from 'vitest';
import { locateRecord, recordCapacity } from '../../../fixtures/storage/app/record-location.ts';
import {
  decodeRecord,
  encodeRecord,
  MAX_BODY_BYTES,
  RECORD_BYTES,
} from '../../../fixtures/storage/app/record-sector.ts';

describe('a record', () => {
  it('has the exact body', () => {
    for (const body of [Buffer.alloc(0), Buffer.from('größe\n'), Buffer.alloc(MAX_BODY_BYTES, 0xff)]) {
      const sector = encodeRecord({ key: 7, version: 9, body });
      expect(sector.length).toBe(RECORD_BYTES);
      expect(decodeRecord(sector, 7)).toEqual({ kind: 'stored', key: 7, version: 9, body });
    }
  });

  it('is damaged if any one byte is, or if it is of another key', () => {
    const sector = encodeRecord({ key: 7, version: 9, body: Buffer.from('body') });
    expect(decodeRecord(sector, 8).kind).toBe('damaged');
    for (let at = 0; at < RECORD_BYTES; at += 1) {
      const wrong = Buffer.from(sector);
      wrong[at] = (wrong[at] ?? 0) ^ 0x80;
      expect(decodeRecord(wrong, 7).kind).toBe('damaged');
    }
  });

  it('is not there before it was written', () => {
    expect(decodeRecord(Buffer.alloc(RECORD_BYTES), 7)).toEqual({ kind: 'none' });
  });
});

describe('locateRecord', () => {
  it.each([
    ['half', 0, 24],
    ['quarter that databases leave it', 16 * 1024, 12],
  ])('gives each key its own sector in the %s of some volume', (_, reservedBytes, records) => {
    const volumeBytes = 64 * 1024;
    const space = { volumes: 3, volumeBytes, reservedBytes };
    const capacity = recordCapacity(space);
    expect(capacity).toBe(records);
    const places = new Set<string>();
    for (let key = 0; key < capacity; key += 1) {
      const place = locateRecord(key, space);
      expect(place?.offset).toBeGreaterThanOrEqual(volumeBytes / 2);
      expect(place?.offset).toBeLessThanOrEqual(volumeBytes - reservedBytes - RECORD_BYTES);
      places.add(`${place?.volume} ${place?.offset}`);
    }
    expect(places.size).toBe(capacity);
    expect(locateRecord(capacity, space)).toBeUndefined();
    expect(locateRecord(-1, space)).toBeUndefined();
    expect(locateRecord(0, { ...space, volumes: 0 })).toBeUndefined();
  });
});
