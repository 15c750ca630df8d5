import { type FileHandle, mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BlockDevice } from '../../../fixtures/storage/nbd/block-device.ts';

/** A block device that is a real file, in a folder of its own that goes away with it. */
export class FileDevice implements BlockDevice {
  readonly sizeBytes: number;
  readonly path: string;
  /** `fua` of each write, and how often flush was called, as they arrived. */
  readonly fuaWrites: boolean[] = [];
  flushes = 0;
  readonly #folder: string;
  readonly #file: FileHandle;

  private constructor(folder: string, path: string, file: FileHandle, sizeBytes: number) {
    this.#folder = folder;
    this.path = path;
    this.#file = file;
    this.sizeBytes = sizeBytes;
  }

  static async create(sizeBytes: number): Promise<FileDevice> {
    const folder = await mkdtemp(join(tmpdir(), 'zonestorm-nbd-'));
    const path = join(folder, 'disk');
    const file = await open(path, 'w+');
    await file.truncate(sizeBytes);
    return new FileDevice(folder, path, file, sizeBytes);
  }

  async read(offset: number, length: number): Promise<Buffer> {
    const { buffer } = await this.#file.read(Buffer.alloc(length), 0, length, offset);
    return buffer;
  }

  async write(offset: number, data: Buffer, { fua }: { fua: boolean }): Promise<void> {
    this.fuaWrites.push(fua);
    await this.#file.write(data, 0, data.length, offset);
    if (fua) await this.#file.datasync();
  }

  async flush(): Promise<void> {
    this.flushes += 1;
    await this.#file.datasync();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close();
    await rm(this.#folder, { recursive: true });
  }
}
