import { Command } from 'commander';
import { resolveImage } from '../lab/images/resolve-images.ts';
import { mayInstall } from '../lab/may-install.ts';
import { prepareEngine } from './prepare-engine.ts';
import { progress } from './progress.ts';

/** What `run` would set up by itself, ahead of time: the engine and the images. */
export function setupCommand(): Command {
  return new Command('setup')
    .description('set up the engine and every image, so that the next run starts at once')
    .option('--yes', 'install and start an engine without asking')
    .option('--tests', 'also the image of tools that the tests need')
    .action(async (options: { yes?: boolean; tests?: boolean }) => {
      const { docker } = await prepareEngine(options.yes === true, progress);
      if (options.tests === true)
        await resolveImage({ docker, progress, mayInstall: mayInstall(options.yes === true) }, 'tools');
    });
}
