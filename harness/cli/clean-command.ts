import { Command } from 'commander';
import { clean } from '../lab/clean.ts';
import { connectEngine } from '../lab/engine/connect.ts';

/** Removes what earlier runs left on the engine. Also those that are going on: it says so first. */
export function cleanCommand(): Command {
  return new Command('clean')
    .description('remove every container, network and volume of zonestorm; images and the engine stay')
    .action(async () => {
      const docker = await connectEngine();
      const removed = docker === null ? { containers: 0, networks: 0, volumes: 0 } : await clean(docker);
      const { containers, networks, volumes } = removed;
      process.stdout.write(`removed ${containers} containers, ${networks} networks, ${volumes} volumes\n`);
    });
}
