import { Command } from 'commander';
import { actionsCommand } from './actions-command.ts';
import { analyzeCommand } from './analyze-command.ts';
import { boundaryCommand } from './boundary-command.ts';
import { cleanCommand } from './clean-command.ts';
import { compareCommand } from './compare-command.ts';
import { doctorCommand } from './doctor-command.ts';
import { faultsCommand } from './faults-command.ts';
import { operateCommand } from './operate-command.ts';
import { planCommand } from './plan-command.ts';
import { reportCommand } from './report-command.ts';
import { runCommand } from './run-command.ts';
import { setupCommand } from './setup-command.ts';
import { sweepCommand } from './sweep-command.ts';
import { VERSION } from './version.ts';

const EXIT_CODES = `
Exit codes:
  0    every expectation held
  1    an expectation failed
  2    inconclusive: a dose was out of tolerance, the machine was saturated, too few samples
  3    the environment cannot run it; the message says what to do
  64   bad usage or a bad scenario: file, line, what was expected
  70   a bug in zonestorm
  130  interrupted; everything was reverted and removed first`;

/** The command line. Errors are thrown, so that there is one place that turns them into exit codes. */
export function program(): Command {
  const root = new Command('zonestorm')
    .description(
      'Breaks the network between real containers the way a zone-wide network accident does, and measures what follows.',
    )
    .version(VERSION)
    .addHelpText('after', EXIT_CODES)
    .exitOverride();
  const commands = [
    runCommand,
    planCommand,
    analyzeCommand,
    reportCommand,
    compareCommand,
    sweepCommand,
    boundaryCommand,
    faultsCommand,
    actionsCommand,
    operateCommand,
    doctorCommand,
    cleanCommand,
    setupCommand,
  ];
  for (const command of commands) root.addCommand(command().exitOverride());
  return root;
}
