import { Command } from 'commander';
import { FAULTS } from '../fault/catalogue.ts';
import { describeFaults, faultDescriptions } from '../scenario/describe-faults.ts';

/** What a scenario may do to the network and the containers, from the sources themselves. */
export function faultsCommand(): Command {
  return new Command('faults')
    .description('list every fault that a scenario may name, with its words and an example')
    .option('--json', 'as JSON, the words as JSON Schema')
    .action((options: { json?: boolean }) => {
      const text =
        options.json === true ? `${JSON.stringify(faultDescriptions(FAULTS), null, 2)}\n` : describeFaults(FAULTS);
      process.stdout.write(text);
    });
}
