import { Command } from 'commander';
import { prepareEngine, prepareTools } from './prepare-engine.ts';
import { progress } from './progress.ts';
import { untilInterrupted } from './until-interrupted.ts';

/** What `run` would set up by itself, ahead of time: the engine and the images. */
export function setupCommand(): Command {
  return new Command('setup')
    .description('set up the engine and every image, so that the next run starts at once')
    .option('--yes', 'install and start an engine without asking')
    .option('--tests', 'also the image of tools that the tests need')
    .action((options: { yes?: boolean; tests?: boolean }) =>
      untilInterrupted('removing what is half made', async (signal) => {
        const yes = options.yes === true;
        const { docker } = await prepareEngine(yes, progress, signal);
        if (options.tests === true) await prepareTools(docker, yes, progress, signal);
      }),
    );
}
