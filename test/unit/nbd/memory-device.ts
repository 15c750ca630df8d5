import type { BlockDevice } from '../../../fixtures/storage/nbd/block-device.ts';

/** A disk in these bytes, which answers at once. */
export function memoryDevice(bytes: Buffer): BlockDevice {
  return {
    sizeBytes: bytes.length,
    read: async (offset, length) => bytes.subarray(offset, offset + length),
    write: async (offset, data) => void data.copy(bytes, offset),
    flush: async () => undefined,
  };
}
