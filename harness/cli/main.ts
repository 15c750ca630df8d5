import { CommanderError } from 'commander';
import { EXIT, explain } from './exit-code.ts';
import { program } from './program.ts';

try {
  await program().parseAsync(process.argv);
} catch (error) {
  if (error instanceof CommanderError) {
    // Commander has said what is wrong; asking for help is no error.
    process.exitCode = error.exitCode === 0 ? EXIT.pass : EXIT.badInput;
  } else {
    const { code, message } = explain(error);
    process.stderr.write(`zonestorm: ${message}\n`);
    process.exitCode = code;
  }
}
// Testcontainers keeps a connection to its reaper; nothing of ours is left to wait for but what a pipe has not yet
// taken: it takes 64 KiB at a time, and exiting throws the rest away.
process.stdout.write('', () => process.exit());
