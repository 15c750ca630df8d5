import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { encodeExtent } from '../../../fixtures/storage/ledger/extent.ts';
import { volumeTag } from '../../../fixtures/storage/ledger/sector.ts';
import { summariseReplica } from '../../../fixtures/storage/reader/summarise-replica.ts';

const EXTENT_BYTES = 16_384;
const VOLUME_BYTES = 8 * EXTENT_BYTES;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'zonestorm-reader-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function summarise(bytes: Buffer) {
  const path = join(folder, '00.data');
  await writeFile(path, bytes);
  return summariseReplica({ path, volume: 'vol-1', volumeBytes: VOLUME_BYTES, extentBytes: EXTENT_BYTES });
}

describe('summariseReplica', () => {
  it('tells a correct replica from one that lost, tore or damaged a write', async () => {
    const bytes = Buffer.alloc(VOLUME_BYTES);
    const tag = volumeTag('vol-1');
    for (const [extent, sequence] of [
      [0, 5],
      [2, 7],
      [3, 9],
    ] as const) {
      encodeExtent(tag, extent, sequence, EXTENT_BYTES).copy(bytes, extent * EXTENT_BYTES);
    }
    expect(await summarise(bytes)).toEqual([
      [0, 5, 5, 0],
      [2, 7, 7, 0],
      [3, 9, 9, 0],
    ]);
    bytes.fill(0, 0, EXTENT_BYTES); // lost
    encodeExtent(tag, 2, 4, EXTENT_BYTES).copy(bytes, 2 * EXTENT_BYTES, 0, 4096); // torn
    bytes.fill(1, 3 * EXTENT_BYTES, 3 * EXTENT_BYTES + 4096); // damaged
    expect(await summarise(bytes)).toEqual([
      [2, 4, 7, 0],
      [3, 9, 9, 1],
    ]);
  });

  it("leaves the application's half alone", async () => {
    const bytes = Buffer.alloc(VOLUME_BYTES);
    bytes.fill(1, VOLUME_BYTES / 2);
    expect(await summarise(bytes)).toEqual([]);
  });

  it('does not take a short or missing file for an empty one', async () => {
    await expect(summarise(Buffer.alloc(VOLUME_BYTES / 2 - 1))).rejects.toThrow('extent 3');
    const path = join(folder, 'missing');
    await expect(
      summariseReplica({ path, volume: 'vol-1', volumeBytes: VOLUME_BYTES, extentBytes: EXTENT_BYTES }),
    ).rejects.toThrow('ENOENT');
  });
});
