import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { type FileHandle, mkdir, mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Only root may mount, and not in every container. */
export const mayMount = mountWorks();

/**
 * A small disk that can be filled: a tmpfs, or (`thin`) an ext4 in a sparse file on one, which promises more room than
 * there is. A full tmpfs refuses a write; a full thin disk takes it and fails the sync, once, as Linux does.
 */
export class TestDisk implements AsyncDisposable {
  readonly #folder: string;
  readonly #backing: string;
  /** Where files go. */
  readonly path: string;
  #filler: FileHandle | null = null;

  private constructor(folder: string, backing: string, path: string) {
    this.#folder = folder;
    this.#backing = backing;
    this.path = path;
  }

  static async make(kind: 'plain' | 'thin', bytes = 2 * 1024 * 1024): Promise<TestDisk> {
    const folder = await mkdtemp(join(tmpdir(), 'storage-disk-'));
    const backing = join(folder, 'backing');
    await mkdir(backing);
    await run('mount', ['-t', 'tmpfs', '-o', `size=${bytes}`, 'tmpfs', backing]);
    if (kind === 'plain') return new TestDisk(folder, backing, backing);
    const image = join(backing, 'image');
    const path = join(folder, 'thin');
    await mkdir(path);
    await run('truncate', ['-s', String(16 * bytes), image]);
    await run('mkfs.ext4', ['-q', '-O', '^has_journal', image]);
    await run('mount', ['-o', 'loop', image, path]);
    return new TestDisk(folder, backing, path);
  }

  /** Leaves so many bytes of room. */
  async fill(leave = 0): Promise<void> {
    this.#filler ??= await open(join(this.#backing, 'filler'), 'w');
    const page = Buffer.alloc(4096, 1);
    const isFull = (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOSPC') return true;
      throw error;
    };
    let length = 0;
    while (
      (await this.#filler.write(page, 0, page.length, length).then(({ bytesWritten }) => {
        length += bytesWritten;
        return bytesWritten < page.length;
      }, isFull)) === false
    );
    if (leave > 0) await this.#filler.truncate(Math.max(0, length - leave));
  }

  async free(): Promise<void> {
    await this.#filler?.truncate(0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#filler?.close();
    if (this.path !== this.#backing) await run('umount', [this.path]);
    await run('umount', [this.#backing]);
    await rm(this.#folder, { recursive: true });
  }
}

function mountWorks(): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'storage-disk-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', folder], { stdio: 'ignore' });
    execFileSync('umount', [folder]);
    return true;
  } catch {
    return false;
  } finally {
    rmdirSync(folder);
  }
}
