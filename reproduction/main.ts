/** `npm run reproduction`: makes docs/reproduction/README.md of what is committed there, after taking in a campaign. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { RESULTS, readCampaigns } from './campaigns.ts';
import { PLANNED } from './claims.ts';
import { render } from './render.ts';
import { take } from './take.ts';

const USAGE = `usage: npm run reproduction [-- take FOLDER [NAME]]

  take FOLDER [NAME]   copy the tables of a campaign's folder to docs/reproduction/NAME (the folder's name) first`;

const [command, folder, name, ...more] = process.argv.slice(2);
if (command !== undefined && (command !== 'take' || folder === undefined || more.length > 0)) {
  console.error(USAGE);
  process.exit(64);
}
try {
  if (folder !== undefined) {
    const campaign = await take(folder, name);
    const planned = PLANNED.find((one) => one.name === campaign.name);
    if (planned === undefined) {
      const names = PLANNED.map((one) => one.name).join(', ');
      console.error(
        `no claim asks for a campaign named ${campaign.name}, only for ${names}; it is listed all the same`,
      );
    }
  }
  await writeFile(join(RESULTS, 'README.md'), render(await readCampaigns()));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
