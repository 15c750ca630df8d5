import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Result } from '../../harness/report/result-schema.ts';

const LAUNCHER = join(import.meta.dirname, '../../harness/bin/zonestorm');

export interface Finished {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * The command line as a black box: a process of its own, nothing of the product's code in this one.
 *
 * @param within a command line that runs the one which follows it, such as `unshare --net`
 */
export function zonestorm(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
  within: readonly string[] = [],
): Started {
  const [program = LAUNCHER, ...rest] = [...within, LAUNCHER, ...args];
  const child = spawn(program, rest, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, CI: 'true', ...environment },
  });
  return new Started(child);
}

export class Started {
  readonly child: ChildProcess;
  readonly finished: Promise<Finished>;
  #stderr = '';
  #waiting: (() => void)[] = [];

  constructor(child: ChildProcess) {
    this.child = child;
    let stdout = '';
    child.stdout?.on('data', (data: Buffer) => {
      stdout += data.toString();
    });
    child.stderr?.on('data', (data: Buffer) => {
      this.#stderr += data.toString();
      for (const wake of this.#waiting) wake();
    });
    this.finished = new Promise((resolve) => {
      child.on('close', (code, signal) => {
        for (const wake of this.#waiting) wake();
        resolve({ code, signal, stdout, stderr: this.#stderr });
      });
    });
  }

  /** Resolves when stderr has said so; rejects when the process ends without. */
  said(pattern: RegExp): Promise<void> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        if (pattern.test(this.#stderr)) resolve();
        else if (this.child.exitCode !== null) reject(new Error(`ended without ${pattern}:\n${this.#stderr}`));
      };
      this.#waiting.push(look);
      look();
    });
  }
}

export interface Run extends Finished {
  readonly folder: string;
  readonly result: Result;
}

/** A whole run into a folder of its own; `started` is told that before it begins. */
export async function runScenario(
  scenario: string,
  args: readonly string[],
  started: (folder: string) => void = () => undefined,
): Promise<Run> {
  const folder = await newFolder();
  started(folder);
  const finished = await zonestorm(['run', scenario, '--out', folder, '--json', ...args]).finished;
  if (finished.stdout === '') throw new Error(`no result; exit ${finished.code}:\n${finished.stderr.slice(-3000)}`);
  const result = JSON.parse(finished.stdout) as Result;
  console.error(summary(scenario, args, finished.code, result));
  return { ...finished, folder, result };
}

export async function newFolder(): Promise<string> {
  return join(await mkdtemp(join(tmpdir(), 'zonestorm-e2e-')), 'run');
}

export async function readText(folder: string, file: string): Promise<string> {
  return readFile(join(folder, file), 'utf8');
}

/** One line of what a run measured, for the log of the tests. */
function summary(scenario: string, args: readonly string[], code: number | null, result: Result): string {
  const { loss, storm, trigger, machine, applications, ledger } = result;
  const percent = (share: number | null): string => (share === null ? '–' : `${(share * 100).toFixed(1)} %`);
  return [
    `${scenario} ${args.join(' ')}: exit ${code}, ${result.verdict.outcome}`,
    `D ${loss.volumesLosingPartner} F ${loss.freeSlotsBefore} V ${loss.volumes}, stuck +10 s ${percent(storm.stuckShareAt10s)}`,
    `trigger ${trigger.seconds} s, storm ${storm.stormSeconds} s, mirrored ${storm.mirroredSeconds} s`,
    `silence ${loss.longestSilenceMs} ms, apps ${applications.map((app) => percent(app.periods[0]?.availability ?? null)).join(' ')}`,
    `ledger ${ledger.extentsLost} lost of ${ledger.acknowledgedWrites}`,
    `CPU ${percent(machine.cpuMedianShare)} p95 ${percent(machine.cpuP95Share)}, lag ${Math.max(...machine.lag.map((one) => one.p99Ms ?? 0))} ms`,
    ...result.verdict.problems.map((problem) => `! ${problem.check}: ${problem.what}`),
  ].join('\n  ');
}
