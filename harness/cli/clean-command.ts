import { Command } from 'commander';
import { clean } from '../lab/clean.ts';
import { connectEngine } from '../lab/engine/connect.ts';
import { EnvironmentError } from '../lab/environment-error.ts';
import { abandonedJournals, describeAbandoned, journalFolder } from '../lab/journal.ts';
import { aboutLeft } from '../lab/left.ts';
import { putBackAbandoned } from '../lab/put-back-abandoned.ts';
import { EXIT } from './exit-code.ts';
import { progress } from './progress.ts';

/** Removes what earlier runs left on the engine. Also those that are going on: it says so first. */
export function cleanCommand(): Command {
  return new Command('clean')
    .description('remove every container, network and volume of zonestorm; images and the engine stay')
    .action(async () => {
      const docker = await connectEngine();
      if (docker === null) await refuseUnlessNothingIsOwed();
      else {
        for (const { runId, faults } of await putBackAbandoned(docker, progress, journalFolder(), 'forget')) {
          const ids = faults.map(({ id }) => id).join(', ');
          process.stdout.write(
            `run ${runId} had not ended properly; ${ids === '' ? 'no fault was in force' : `put back: ${ids}`}\n`,
          );
        }
      }
      const nothing = { containers: 0, networks: 0, volumes: 0, left: [] };
      const { containers, networks, volumes, left } = docker === null ? nothing : await clean(docker);
      process.stdout.write(`removed ${containers} containers, ${networks} networks, ${volumes} volumes\n`);
      if (left.length === 0) return;
      progress(aboutLeft(left));
      process.exitCode = EXIT.environment;
    });
}

/** Without an engine there is nothing to remove; but what was in force on one that has died may come back with it. */
async function refuseUnlessNothingIsOwed(): Promise<void> {
  const owed = await abandonedJournals();
  if (owed.length === 0) return;
  throw new EnvironmentError(
    `no Docker engine answers, and runs have not ended properly: ${owed.map(describeAbandoned).join('; ')}`,
    'Start their engine, and run `zonestorm clean` again.',
  );
}
