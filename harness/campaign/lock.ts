import {
  appendFileSync,
  closeSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { flock } from '../time/flock.ts';
import { startOf } from '../time/process-start.ts';
import { BadCampaignError } from './bad-campaign-error.ts';

/** As often somebody else may end, and remove the file, between our opening it and our locking it. */
const ATTEMPTS = 100;

/**
 * Keeps two processes from going on with one campaign: they would run two labs at once and falsify both.
 *
 * Its file is locked with flock(2), which one process at a time has and which ends with it, however it ends. The file
 * names the processes that work in the folder, the campaign's and those of its runs, each with its start: a run may
 * outlive its killed campaign, and holds the folder until it has ended too.
 */
export class CampaignLock implements Disposable {
  readonly #file: string;
  readonly #fd: number;

  /** @throws BadCampaignError while another process works in the folder */
  constructor(folder: string) {
    this.#file = join(folder, 'campaign.lock');
    this.#fd = lockedFile(this.#file, folder);
    const living = livingIn(this.#file);
    if (living.length > 0) {
      closeSync(this.#fd);
      throw goingOn(folder, living);
    }
    ftruncateSync(this.#fd);
    writeSync(this.#fd, lineOf(process.pid));
  }

  /** A process of one of its runs: it may outlive this one for as long as it takes to put everything back. */
  add(pid: number): void {
    appendFileSync(this.#file, lineOf(pid));
  }

  /** Removes the file while it is still locked, so that it is nobody else's. */
  [Symbol.dispose](): void {
    rmSync(this.#file, { force: true });
    closeSync(this.#fd);
  }
}

/** The file, open and locked. One that was removed meanwhile locks nobody out: the name must still be that file's. */
function lockedFile(file: string, folder: string): number {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const fd = openSync(file, 'a');
    const locked = flock(fd);
    if (locked !== 'locked') {
      closeSync(fd);
      if (locked === 'busy') throw goingOn(folder, livingIn(file));
      throw new BadCampaignError(`--out ${folder}: cannot be kept from others: ${locked.message}`);
    }
    if (statSync(file, { throwIfNoEntry: false })?.ino === fstatSync(fd).ino) return fd;
    closeSync(fd);
  }
  throw new BadCampaignError(`--out ${folder}: ${file} is made and removed by others all the time`);
}

const lineOf = (pid: number): string => `${pid} ${startOf(pid) ?? ''}\n`;

function livingIn(file: string): readonly number[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return [];
  }
  return text.split('\n').flatMap((line) => {
    const [pid = '', start = ''] = line.split(' ');
    return start !== '' && startOf(Number(pid)) === start ? [Number(pid)] : [];
  });
}

const goingOn = (folder: string, pids: readonly number[]): BadCampaignError =>
  new BadCampaignError(
    `--out ${folder}: this campaign is going on (process ${pids.length === 0 ? 'unknown' : pids.join(', ')}). ` +
      'Wait until it has ended, or end it.',
  );
