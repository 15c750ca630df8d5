import { Command } from 'commander';
import { ACTIONS } from '../action/catalogue.ts';
import { describeWords, wordDescriptions } from '../scenario/describe-faults.ts';
import { actionTiming } from '../scenario/scenario-schema.ts';

/** What operators may do in a run, by the scenario or from a terminal, from the sources themselves. */
export function actionsCommand(): Command {
  return new Command('actions')
    .description('list every action of operators, with its words and an example')
    .option('--json', 'as JSON, the words as JSON Schema')
    .action((options: { json?: boolean }) => {
      const text =
        options.json === true
          ? `${JSON.stringify(wordDescriptions(ACTIONS), null, 2)}\n`
          : describeWords(ACTIONS, actionTiming);
      process.stdout.write(text);
    });
}
