import { appendFileSync, linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startOf } from '../time/process-start.ts';
import { BadCampaignError } from './bad-campaign-error.ts';

/**
 * Keeps two processes from going on with one campaign: they would run two labs at once and falsify both. It names the
 * processes that work in the folder, the campaign's and those of its runs, each with its start; one whose processes
 * have all ended, killed or not, counts for nothing.
 */
export class CampaignLock implements Disposable {
  readonly #file: string;

  /** @throws BadCampaignError while another process works in the folder */
  constructor(folder: string) {
    this.#file = join(folder, 'campaign.lock');
    const living = livingIn(this.#file);
    if (living.length > 0) throw goingOn(folder, living);
    rmSync(this.#file, { force: true });
    const unnamed = `${this.#file}.${process.pid}`;
    writeFileSync(unnamed, lineOf(process.pid));
    try {
      // Fails where another process has just made one.
      linkSync(unnamed, this.#file);
    } catch {
      throw goingOn(folder, livingIn(this.#file));
    } finally {
      rmSync(unnamed, { force: true });
    }
  }

  /** A process of one of its runs: it may outlive this one for as long as it takes to put everything back. */
  add(pid: number): void {
    appendFileSync(this.#file, lineOf(pid));
  }

  [Symbol.dispose](): void {
    rmSync(this.#file, { force: true });
  }
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
    `--out ${folder}: this campaign is going on (process ${pids.join(', ')}). Wait until it has ended, or end it.`,
  );
