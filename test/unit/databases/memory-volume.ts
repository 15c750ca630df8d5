import type { StripeVolume } from '../../../fixtures/storage/databases/striped-device.ts';

/** A volume that is a buffer. Hangs while it is told to; what was asked meanwhile goes on afterwards. */
export class MemoryVolume implements StripeVolume {
  readonly bytes: Buffer;
  writes = 0;
  #held: PromiseWithResolvers<void> | undefined;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  hang(): void {
    this.#held ??= Promise.withResolvers();
  }

  resume(): void {
    this.#held?.resolve();
    this.#held = undefined;
  }

  async read(offset: number, length: number): Promise<Buffer> {
    await this.#held?.promise;
    return Buffer.from(this.bytes.subarray(offset, offset + length));
  }

  async write(offset: number, content: () => Buffer, { fua }: { fua: boolean }): Promise<void> {
    if (!fua) throw new Error('a database write without FUA');
    await this.#held?.promise;
    this.writes += 1;
    content().copy(this.bytes, offset);
  }
}
