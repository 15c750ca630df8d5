import { existsSync } from 'node:fs';
import { copyFile, mkdir, rm, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { type Campaign, readCampaign, unlike } from './campaigns.ts';
import { plannedAt } from './claims.ts';
import { wholeOf } from './parts.ts';
import { sizeOf } from './sizes.ts';

/** What is committed of a campaign's folder, where it is there: everything but the runs themselves. */
const FILES = [
  'campaign.json',
  ...['compare', 'sweep'].flatMap((name) => [`${name}.json`, `${name}.md`]),
  'sweep.html',
];
/** A file that is larger does not belong into a repository. */
const BYTES_MAX = 2 * 1024 * 1024;
const NAME = /^[a-z0-9][a-z0-9-]*$/;

/**
 * Copies a campaign's results to the committed ones of its size, in the place of what was taken of it before.
 * `NAME-2` is another part of the campaign `NAME`.
 * @throws for a folder that is no campaign or another than the planned of its name, for a name that is none, and for a
 *   file that is too large
 */
export async function take(from: string, name = basename(resolve(from)), results?: string): Promise<Campaign> {
  if (!NAME.test(name)) throw new Error(`the name ${name}: expected lower-case letters, digits and hyphens`);
  const campaign = await readCampaign(from, name);
  const size = sizeOf(campaign.asked.preset);
  const planned = plannedAt(size.preset).find((one) => one.name === wholeOf(name));
  const differences = planned === undefined ? [] : unlike(planned, campaign);
  if (differences.length > 0) throw new Error(`${from} is not the campaign ${name}: ${differences.join('; ')}`);
  const files = FILES.filter((file) => existsSync(join(from, file)));
  for (const file of files) {
    const { size } = await stat(join(from, file));
    if (size > BYTES_MAX) throw new Error(`${join(from, file)}: ${size} bytes, expected at most ${BYTES_MAX}`);
  }
  const to = join(results ?? size.folder, name);
  await rm(to, { recursive: true, force: true });
  await mkdir(to, { recursive: true });
  for (const file of files) await copyFile(join(from, file), join(to, file));
  return campaign;
}
