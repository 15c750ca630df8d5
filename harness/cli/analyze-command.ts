import { Command } from 'commander';
import { formatResult } from '../report/result-json.ts';
import { renderTerminal } from '../report/terminal.ts';
import { writeReports } from '../report/write-reports.ts';
import { exitCodeOfVerdict } from './exit-code.ts';

/** Measures and judges a run again, from its folder alone. */
export function analyzeCommand(): Command {
  return new Command('analyze')
    .description('measure and judge a run again from its folder; write its reports again')
    .argument('<dir>', "a run's folder, with plan.json and history.jsonl")
    .option('--json', 'result.json on stdout')
    .action(async (folder: string, options: { json?: boolean }) => {
      const result = await writeReports(folder);
      process.stdout.write(options.json === true ? formatResult(result) : renderTerminal(result));
      process.exitCode = exitCodeOfVerdict(result.verdict.outcome);
    });
}
