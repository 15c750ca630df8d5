import { EXIT } from './exit-code.ts';
import { progress } from './progress.ts';

/**
 * Does a command's work, which SIGINT and SIGTERM end by the signal that it gets: it removes what it made, and the command
 * ends with the exit code of an interrupted one. A second signal ends it at once.
 */
export async function untilInterrupted(words: string, work: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const abort = new AbortController();
  const { signal } = abort;
  const interrupt = (): void => {
    progress(`interrupted: ${words}`);
    abort.abort('interrupted');
  };
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  // A bug in a callback ends the work like an interruption; what is given up half-way may fail where nobody waits for it.
  process.on('uncaughtException', (error) => abort.abort(error));
  try {
    await work(signal);
    signal.throwIfAborted();
  } catch (error) {
    if (signal.reason !== 'interrupted') throw error;
    process.exitCode = EXIT.interrupted;
  }
}
