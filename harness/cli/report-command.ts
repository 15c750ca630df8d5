import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Command } from 'commander';
import { renderTerminal } from '../report/terminal.ts';
import { writeReports } from '../report/write-reports.ts';

/** Shows a run that was made earlier. */
export function reportCommand(): Command {
  return new Command('report')
    .description("show a run's result; write its report.html, summary.md and junit.xml again")
    .argument('<dir>', "a run's folder")
    .option('--markdown', 'summary.md on stdout')
    .action(async (folder: string, options: { markdown?: boolean }) => {
      const result = await writeReports(folder);
      if (options.markdown === true) process.stdout.write(await readFile(join(folder, 'summary.md'), 'utf8'));
      else process.stdout.write(renderTerminal(result));
    });
}
