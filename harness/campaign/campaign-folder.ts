import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readRunPlan } from '../history/read-run.ts';
import { refusedPath } from '../history/refused-path.ts';
import type { Plan } from '../scenario/plan.ts';
import { type Asked, askedSchema, differences } from './asked.ts';
import { BadCampaignError } from './bad-campaign-error.ts';
import { isSameRun } from './essence.ts';
import type { Turn } from './order.ts';

/** Folders of a campaign that are no arm's. */
const OWN = ['plans', 'set-aside'];

/**
 * A campaign's folder: `campaign.json`, `plans/ARM/seed-N.json` of every run, `ARM/seed-N/` of each that was begun, and
 * `set-aside/` for what was left half done. Everything that a campaign knows is in it, so whoever was interrupted
 * begins again with the same command and the same folder.
 */
export class CampaignFolder {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /**
   * Begins a campaign, or goes on with one.
   * @throws BadCampaignError when the folder cannot be written or holds something else, or what was asked for then is
   * not what is now
   */
  static async open(path: string, asked: Asked): Promise<CampaignFolder> {
    return CampaignFolder.#open(path, asked).catch((error: unknown) => {
      const why = refusedPath(error);
      if (why === null) throw error;
      throw new BadCampaignError(`--out ${path}: expected a folder that can be written: ${why}`);
    });
  }

  static async #open(path: string, asked: Asked): Promise<CampaignFolder> {
    const reserved = asked.arms.find(({ name }) => OWN.includes(name));
    if (reserved !== undefined) throw new BadCampaignError(`an arm cannot be named ${reserved.name}`);
    await mkdir(path, { recursive: true });
    const file = join(path, 'campaign.json');
    if (!existsSync(file)) {
      if ((await readdir(path)).length > 0) {
        throw new BadCampaignError(`--out ${path}: expected a new or empty folder, or one of this campaign`);
      }
      await writeWhole(file, `${JSON.stringify(asked, null, 2)}\n`);
      return new CampaignFolder(path);
    }
    const changed = differences(await readAsked(file), asked);
    if (changed.length > 0) {
      const list = changed.map((change) => `\n  ${change}`).join('');
      throw new BadCampaignError(
        `--out ${path}: this campaign was begun with other arguments:${list}\n` +
          'Ask for the same to go on with it, or for another folder.',
      );
    }
    return new CampaignFolder(path);
  }

  runFolder({ arm, seed }: Turn): string {
    return join(this.path, arm, `seed-${seed}`);
  }

  /** Where a run's plan is kept before it begins; the run itself writes the one with its addresses. */
  async writePlan({ arm, seed }: Turn, plan: Plan): Promise<string> {
    const file = join(this.path, 'plans', arm, `seed-${seed}.json`);
    await mkdir(join(this.path, 'plans', arm), { recursive: true });
    await writeWhole(file, `${JSON.stringify(plan, null, 2)}\n`);
    return file;
  }

  /**
   * Whether the run is there: its result is whole, and it is of the plan that would be carried out now. What else is
   * in its folder was left half done, or is of another plan.
   */
  async state(turn: Turn, planned: Plan): Promise<'done' | 'absent' | 'half-done'> {
    const folder = this.runFolder(turn);
    const files = await readdir(folder).catch(() => null);
    if (files === null || files.length === 0) return 'absent';
    if (!(await hasVerdict(join(folder, 'result.json')))) return 'half-done';
    const plan = await readRunPlan(folder).catch(() => null);
    return plan !== null && isSameRun(plan, planned) ? 'done' : 'half-done';
  }

  /** Out of the way, and never taken for a run again. Returns where it is now. */
  async setAside(turn: Turn): Promise<string> {
    const folder = join(this.path, 'set-aside');
    await mkdir(folder, { recursive: true });
    const name = `${turn.arm}-seed-${turn.seed}`;
    const taken = new Set(await readdir(folder));
    let number = 1;
    while (taken.has(`${name}-${number}`)) number += 1;
    const aside = join(folder, `${name}-${number}`);
    await rename(this.runFolder(turn), aside);
    return aside;
  }

  /** Replaces the file in one step, so that one of them is always whole. */
  async write(name: string, text: string): Promise<void> {
    await writeWhole(join(this.path, name), text);
  }
}

async function writeWhole(file: string, text: string): Promise<void> {
  await writeFile(`${file}.new`, text);
  await rename(`${file}.new`, file);
}

async function readAsked(file: string): Promise<Asked> {
  let value: unknown;
  try {
    value = JSON.parse(await readFile(file, 'utf8'));
  } catch {
    throw new BadCampaignError(`${file}: cannot be read as JSON`);
  }
  const asked = askedSchema.safeParse(value);
  if (asked.success) return asked.data;
  throw new BadCampaignError(
    `${file}: not a campaign of this version of zonestorm (${asked.error.issues[0]?.message})`,
  );
}

/** It is written in one go at a run's end: a part of it is no JSON. */
async function hasVerdict(file: string): Promise<boolean> {
  try {
    const result: unknown = JSON.parse(await readFile(file, 'utf8'));
    if (typeof result !== 'object' || result === null || !('verdict' in result)) return false;
    // A run that broke has reports too, which say so.
    return (result as { run?: { outcome?: unknown } }).run?.outcome !== 'broken';
  } catch {
    return false;
  }
}
