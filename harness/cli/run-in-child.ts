import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import type { RunEnding } from '../campaign/carry-out.ts';
import type { Shaping } from '../fabric/router.ts';
import { PROJECT } from '../lab/project.ts';
import { EXIT } from './exit-code.ts';

export interface ChildOptions {
  readonly shaping: Shaping | undefined;
  readonly timeoutSeconds: number;
  readonly yes: boolean;
  /** Put before each of its lines where several run at once; `null`: it writes to our stderr itself. */
  readonly label: string | null;
  readonly signal: AbortSignal;
  readonly onStart: (pid: number) => void;
}

const MAIN = join(PROJECT, 'harness/cli/main.ts');
/** Enough for an error with its stack. */
const KEPT_CHARACTERS = 4_000;

/**
 * Carries out a plan as `zonestorm run` in a process of its own. Not in this one, because a run counts as well as its
 * event loop is on time, which the analysis of the run before and other labs would share; because the reaper that
 * removes what a killed run leaves belongs to a process and goes with its run; and so that a run that breaks, in
 * whatever way, takes no other with it.
 *
 * It is told of an interruption once, by us: in a process group of its own it does not get the terminal's Ctrl-C too.
 * When this process is gone, however it ended, it puts everything back as well.
 */
export async function runInChild(planFile: string, runFolder: string, options: ChildOptions): Promise<RunEnding> {
  const args = [
    ...['run', planFile, '--out', runFolder, '--timeout', `${options.timeoutSeconds}`],
    ...(options.shaping === undefined ? [] : ['--shaping', options.shaping]),
    ...(options.yes ? ['--yes'] : []),
  ];
  // On a terminal it shows its live line itself, which only works on the terminal.
  const direct = options.label === null && process.stderr.isTTY;
  const child = spawn(process.execPath, [MAIN, ...args], {
    stdio: ['ignore', 'ignore', direct ? 'inherit' : 'pipe', 'ipc'],
    detached: true,
  });
  if (child.pid !== undefined) options.onStart(child.pid);
  const interrupt = (): void => {
    child.kill('SIGINT');
  };
  if (options.signal.aborted) interrupt();
  options.signal.addEventListener('abort', interrupt, { once: true });
  const words = passOn(child, options.label);
  try {
    const code = await endOf(child);
    if (code === EXIT.pass || code === EXIT.fail || code === EXIT.inconclusive) return { kind: 'ended' };
    if (code === EXIT.interrupted || options.signal.aborted) return { kind: 'interrupted' };
    const message = lastError(words()) ?? `exit code ${code}; its history.jsonl tells why`;
    return { kind: 'broken', code: code ?? EXIT.bug, message };
  } finally {
    options.signal.removeEventListener('abort', interrupt);
  }
}

/** Its exit code; `null`: it was killed. */
function endOf(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve(code));
  });
}

/** Writes what it says to stderr, and keeps the end of it. */
function passOn(child: ChildProcess, label: string | null): () => string {
  let kept = '';
  let rest = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    kept = (kept + text).slice(-KEPT_CHARACTERS);
    if (label === null) {
      process.stderr.write(text);
      return;
    }
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) process.stderr.write(`[${label}] ${line}\n`);
  });
  return () => kept;
}

/** What `zonestorm` says last is why it ends; a bug's first line only says that it is one. */
function lastError(words: string): string | null {
  const at = words.lastIndexOf('zonestorm: ');
  if (at < 0) return null;
  const lines = words.slice(at + 'zonestorm: '.length).split('\n');
  return lines.slice(0, 2).join(' ').trim();
}
