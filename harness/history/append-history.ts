import { type FileHandle, open } from 'node:fs/promises';
import type { HistoryRecord } from './records.ts';

/** Lines waiting for the disk before `append` throws: a disk this far behind would take the run's memory. */
const WAITING_LIMIT = 1_000_000;

/**
 * Appends records to `history.jsonl` in the order of the calls. What has gathered while one write was under way
 * goes out as the next, so a slow disk makes larger writes instead of more of them.
 */
export class HistoryWriter implements AsyncDisposable {
  readonly #file: FileHandle;
  #waiting: string[] = [];
  #writing: Promise<void> | null = null;
  #failed: Error | null = null;
  #closed = false;

  private constructor(file: FileHandle) {
    this.#file = file;
  }

  /** Creates the file, or goes on at its end. */
  static async open(path: string): Promise<HistoryWriter> {
    return new HistoryWriter(await open(path, 'a'));
  }

  /** Returns at once. Throws when closed, or when an earlier write failed: a run must not go on unrecorded. */
  append(record: HistoryRecord): void {
    if (this.#failed !== null) throw this.#failed;
    if (this.#closed) throw new Error('the history is closed');
    if (this.#waiting.length >= WAITING_LIMIT) throw new Error(`${WAITING_LIMIT} records wait for the disk`);
    this.#waiting.push(`${JSON.stringify(record)}\n`);
    this.#writing ??= this.#write();
  }

  /** Resolves when everything appended so far has been handed to the operating system. */
  async flush(): Promise<void> {
    await this.#writing;
    if (this.#failed !== null) throw this.#failed;
  }

  /** Flushes, syncs to the disk and closes; a second call does nothing. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    try {
      await this.flush();
      await this.#file.sync();
    } finally {
      await this.#file.close();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #write(): Promise<void> {
    // One turn of the event loop later, so that a burst of records is one write.
    await new Promise((resolve) => setImmediate(resolve));
    try {
      while (this.#waiting.length > 0) {
        const batch = this.#waiting.join('');
        this.#waiting = [];
        await this.#file.appendFile(batch);
      }
    } catch (error) {
      this.#failed = new Error('cannot write the history', { cause: error });
    }
    this.#writing = null;
  }
}

/** Opens `path` for appending: `const history = await appendHistory(file); history.append(record)`. */
export function appendHistory(path: string): Promise<HistoryWriter> {
  return HistoryWriter.open(path);
}
