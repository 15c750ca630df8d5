import { Command } from 'commander';
import { diagnose } from '../lab/diagnose.ts';
import { EXIT } from './exit-code.ts';
import { untilInterrupted } from './until-interrupted.ts';

/** What this machine can and cannot do, and what to do about it. Changes nothing. */
export function doctorCommand(): Command {
  return new Command('doctor')
    .description('say whether this machine can carry a run, and where each image would come from')
    .action(() => untilInterrupted('removing what it tries things with', tell));
}

async function tell(signal: AbortSignal): Promise<void> {
  const findings = await diagnose(signal);
  const width = Math.max(...findings.map((finding) => finding.subject.length));
  for (const { ok, subject, detail } of findings) {
    process.stdout.write(`${ok ? 'ok  ' : 'FAIL'}  ${subject.padEnd(width)}  ${detail}\n`);
  }
  process.exitCode = findings.every((finding) => finding.ok) ? EXIT.pass : EXIT.environment;
}
