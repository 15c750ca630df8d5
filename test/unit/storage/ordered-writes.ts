import type { NbdClient } from '../../../fixtures/storage/nbd/client.ts';

export const BLOCK_BYTES = 4096;

/**
 * Writes numbered blocks one after the other, each sent when the one before is acknowledged: write k fills block
 * k mod `blocks` with the number k. So what a disk may hold at any point in time is known exactly.
 */
export class OrderedWrites {
  readonly blocks: number;
  readonly #client: NbdClient;
  #acknowledged = 0;
  #stopped = false;
  #running: Promise<void> = Promise.resolve();

  constructor(client: NbdClient, volumeBytes: number) {
    this.#client = client;
    this.blocks = volumeBytes / BLOCK_BYTES;
  }

  get acknowledged(): number {
    return this.#acknowledged;
  }

  /** At most one more than is acknowledged has been sent. */
  get sent(): number {
    return this.#acknowledged + 1;
  }

  /** Writes so many and settles when they are acknowledged. */
  async write(count: number): Promise<void> {
    for (let left = count; left > 0; left -= 1) await this.#next();
  }

  start(): void {
    this.#stopped = false;
    this.#running = this.#loop();
    // Told by `stop`; a test that fails before it closes the connection under the writes.
    this.#running.catch(() => undefined);
  }

  stop(): Promise<void> {
    this.#stopped = true;
    return this.#running;
  }

  async #loop(): Promise<void> {
    while (!this.#stopped) await this.#next();
  }

  async #next(): Promise<void> {
    const number = this.#acknowledged + 1;
    const data = Buffer.alloc(BLOCK_BYTES);
    for (let at = 0; at < BLOCK_BYTES; at += 4) data.writeUInt32BE(number, at);
    await this.#client.write((number % this.blocks) * BLOCK_BYTES, data, { fua: false });
    this.#acknowledged = number;
  }
}

/**
 * The last write of which an image has the effect, if the image is one of a single point in time; `null` if it is
 * not: a block is torn, or lacks a write though it has a later one.
 */
export function lastWriteOf(image: Buffer): number | null {
  const blocks = image.length / BLOCK_BYTES;
  const numbers = Array.from({ length: blocks }, (_, block) => image.readUInt32BE(block * BLOCK_BYTES));
  const last = Math.max(...numbers);
  const isRight = numbers.every((number, block) => {
    const bytes = image.subarray(block * BLOCK_BYTES, (block + 1) * BLOCK_BYTES);
    for (let at = 0; at < BLOCK_BYTES; at += 4) if (bytes.readUInt32BE(at) !== number) return false;
    // The newest write to this block that is not newer than the last; 0: never written.
    const newest = last - ((((last - block) % blocks) + blocks) % blocks);
    return number === Math.max(0, newest);
  });
  return isRight ? last : null;
}
