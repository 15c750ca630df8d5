import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { LineSplitter } from '../history/line-splitter.ts';
import { DeadlineError, withDeadline } from '../time/deadline.ts';
import { PROJECT } from './project.ts';

/** Of our own programs: a longer line is none of theirs. */
const LINE_LIMIT = 1024 * 1024;
/** How long one may take to end once its stdin has. */
const END_MS = 1_000;

/**
 * A program of the fixtures on the host, in a process of its own, so that what it measures does not wait for what this
 * one does. It ends when its stdin does, and so with this process, however that ends.
 */
export class HostProgram implements AsyncDisposable {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  /** @param command a file of the project and its arguments */
  static start(command: readonly string[], onLine: (line: string) => void): HostProgram {
    const child = spawn(process.execPath, command, { cwd: PROJECT, stdio: ['pipe', 'pipe', 'ignore'] });
    // It has not begun, or has ended; what it told until then has been taken.
    child.on('error', () => undefined);
    child.stdin?.on('error', () => undefined);
    // What a killed program had not ended is no line.
    const splitter = new LineSplitter({ onLine, onOverlong: () => undefined, limit: LINE_LIMIT });
    child.stdout?.setEncoding('utf8').on('data', (text: string) => splitter.push(text));
    return new HostProgram(child);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const child = this.#child;
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.stdin?.end();
    try {
      await withDeadline(ended, END_MS, 'its end');
    } catch (error) {
      if (!(error instanceof DeadlineError)) throw error;
      child.kill('SIGKILL');
      await ended;
    }
  }
}
