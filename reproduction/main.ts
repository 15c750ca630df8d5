/** `npm run reproduction`: makes each size's page of what is committed of it, after taking in a campaign. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readCampaigns } from './campaigns.ts';
import { plannedAt } from './claims.ts';
import { wholeOf } from './parts.ts';
import { render } from './render.ts';
import { SIZES } from './sizes.ts';
import { take } from './take.ts';

const USAGE = `usage: npm run reproduction [-- take FOLDER [NAME]]

  take FOLDER [NAME]   copy the tables of a campaign's folder to docs/reproduction first, as NAME (the folder's name);
                       a campaign of the preset half to docs/reproduction/half; NAME-2 is another part of NAME,
                       with other seeds`;

const [command, folder, name, ...more] = process.argv.slice(2);
if (command !== undefined && (command !== 'take' || folder === undefined || more.length > 0)) {
  console.error(USAGE);
  process.exit(64);
}
try {
  if (folder !== undefined) {
    const campaign = await take(folder, name);
    const names = plannedAt(campaign.asked.preset).map((one) => one.name);
    if (!names.includes(wholeOf(campaign.name))) {
      console.error(
        `no claim asks for a campaign named ${campaign.name}, only for ${names.join(', ')}; it is listed all the same`,
      );
    }
  }
  for (const size of SIZES) {
    await mkdir(size.folder, { recursive: true });
    await writeFile(join(size.folder, 'README.md'), render(size, await readCampaigns(size.folder)));
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
