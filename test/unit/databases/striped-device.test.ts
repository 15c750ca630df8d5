import { describe, expect, it } from 'vitest';
import { databaseRegion } from '../../../fixtures/storage/databases/database-region.ts';
import { StripedDevice } from '../../../fixtures/storage/databases/striped-device.ts';
import { WriteBack } from '../../../fixtures/storage/databases/write-back.ts';
import { MemoryVolume } from './memory-volume.ts';

const STRIPE = 4096;
const VOLUME_BYTES = 64 * 1024;
const region = databaseRegion(VOLUME_BYTES, STRIPE);

const volumesOf = (count: number) => Array.from({ length: count }, () => new MemoryVolume(Buffer.alloc(VOLUME_BYTES)));
const bytesFrom = (length: number) => Buffer.from(Array.from({ length }, (_, i) => 1 + (i % 251)));

describe('the region of databases', () => {
  it('is the last quarter of a volume, in whole stripes', () => {
    expect(region).toEqual({ offset: 48 * 1024, length: 16 * 1024 });
    expect(databaseRegion(1_441_792, 65_536)).toEqual({ offset: 1_441_792 - 327_680, length: 327_680 });
  });
});

describe('a striped device', () => {
  it('lays neighbouring stripes on neighbouring volumes, and touches nothing outside of the region', async () => {
    const volumes = volumesOf(4);
    const device = new StripedDevice(volumes, region, STRIPE);
    expect(device.sizeBytes).toBe(4 * region.length);
    const data = bytesFrom(device.sizeBytes);
    await device.write(0, data);
    expect(await device.read(0, data.length)).toEqual(data);
    // The sixth stripe is the second of the second volume.
    expect(volumes[1]?.bytes.subarray(region.offset + STRIPE, region.offset + 2 * STRIPE)).toEqual(
      data.subarray(5 * STRIPE, 6 * STRIPE),
    );
    for (const { bytes } of volumes) expect(bytes.subarray(0, region.offset).every((byte) => byte === 0)).toBe(true);
  });

  it('writes and reads across the edges of stripes', async () => {
    const volumes = volumesOf(3);
    const device = new StripedDevice(volumes, region, STRIPE);
    const data = bytesFrom(2 * STRIPE);
    await device.write(STRIPE - 100, data);
    expect(await device.read(STRIPE - 100, data.length)).toEqual(data);
    expect(volumes.map(({ writes }) => writes)).toEqual([1, 1, 1]);
    expect((await device.read(STRIPE - 101, 1))[0]).toBe(0);
  });

  it('hangs while one of the volumes hangs that it needs, and no longer', async () => {
    const volumes = volumesOf(2);
    const device = new StripedDevice(volumes, region, STRIPE);
    volumes[1]?.hang();
    await device.write(0, bytesFrom(STRIPE));
    let done = false;
    const write = device.write(0, bytesFrom(2 * STRIPE)).then(() => {
      done = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(done).toBe(false);
    volumes[1]?.resume();
    await write;
  });

  it('refuses what is outside of it', async () => {
    const device = new StripedDevice(volumesOf(2), region, STRIPE);
    await expect(device.read(device.sizeBytes - 1, 2)).rejects.toThrow(RangeError);
    await expect(device.write(-1, Buffer.alloc(1))).rejects.toThrow(RangeError);
  });
});

describe('a write-back cache', () => {
  const cacheOn = () => {
    const volume = new MemoryVolume(Buffer.alloc(VOLUME_BYTES));
    const device = new StripedDevice([volume], { offset: 0, length: VOLUME_BYTES }, VOLUME_BYTES);
    return { volume, cache: new WriteBack(device) };
  };

  it('reads what was written, of two writes to a byte the later, and puts nothing on the device before a sync', async () => {
    const { volume, cache } = cacheOn();
    cache.write(10, Buffer.from('aaaa'));
    cache.write(12, Buffer.from('bb'));
    cache.write(8, Buffer.from('cc'));
    expect((await cache.read(8, 6)).toString()).toBe('ccaabb');
    expect(volume.writes).toBe(0);
  });

  it('syncs touching writes as one, others apart', async () => {
    const { volume, cache } = cacheOn();
    cache.write(12, Buffer.from('bb'));
    cache.write(10, Buffer.from('aa'));
    cache.write(100, Buffer.from('z'));
    await cache.sync();
    expect(volume.writes).toBe(2);
    expect(volume.bytes.toString('latin1', 10, 14)).toBe('aabb');
    await cache.sync();
    expect(volume.writes).toBe(2);
  });
});
