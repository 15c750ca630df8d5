import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { HistoryRecord } from '../../harness/history/records.ts';
import type { JournalLine } from '../../harness/lab/journal.ts';
import { PROJECT } from '../../harness/lab/project.ts';
import type { PlanFault } from '../../harness/scenario/plan.ts';

const LAUNCHER = join(PROJECT, 'harness/bin/zonestorm');
export const DRILL = join(PROJECT, 'test/e2e/scenarios/kill-drill.yaml');

/** What the run's stderr says when it has got so far, the last first; its phases are in its history. */
const STAGES: readonly (readonly [RegExp, string])[] = [
  [/keeping the logs, removing/, 'removing everything'],
  [/reading every replica/, 'reading the disks'],
  [/stopping the load/, 'stopping the programs'],
  [/× node/, 'starting the load'],
  [/× control-plane/, 'starting the nodes'],
  [/routers, \d+ links/, 'starting the control plane'],
  [/\d+ networks/, 'starting the routers'],
  [/, folder /, 'making the networks'],
];

/** What a journal says: the run, and what it has in force. Read here with none of the product's own code. */
export interface Journalled {
  readonly runId: string;
  readonly path: string;
  readonly inForce: readonly PlanFault[];
}

/**
 * One run of the drill, as a process of its own. Its state folder is its own too, so that nobody else's start closes
 * its journal before that is read.
 */
export class Drill implements AsyncDisposable {
  readonly child: ChildProcess;
  /** `XDG_STATE_HOME` of the process, and of nothing else on the machine. */
  readonly state: string;
  readonly folder: string;
  /** Resolves when the process has ended. */
  readonly ended: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
  readonly began = performance.now();
  stderr = '';

  private constructor(child: ChildProcess, state: string, folder: string) {
    this.child = child;
    this.state = state;
    this.folder = folder;
    child.stderr?.on('data', (data: Buffer) => {
      this.stderr += data.toString();
    });
    this.ended = new Promise((resolve) => child.on('close', (code, signal) => resolve({ code, signal })));
  }

  /**
   * @param environment added to this process's own
   * @param after a run that has ended, whose state folder this one gets, as the next run on a machine does
   */
  static async start(
    args: readonly string[] = [],
    environment: Readonly<Record<string, string>> = {},
    after?: Drill,
  ): Promise<Drill> {
    const state = after?.state ?? (await mkdtemp(join(tmpdir(), 'zonestorm-drill-')));
    const folder = await mkdtemp(join(state, 'run-'));
    const child = spawn(LAUNCHER, ['run', DRILL, '--out', folder, ...args], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, CI: 'true', XDG_STATE_HOME: state, ...environment },
    });
    return new Drill(child, state, folder);
  }

  get journals(): string {
    return join(this.state, 'zonestorm', 'journal');
  }

  get running(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  /** `null` before the run has one, and after it has ended properly. */
  async journal(): Promise<Journalled | null> {
    const [file] = (await readdir(this.journals).catch(() => [])).filter((name) => name.endsWith('.jsonl'));
    if (file === undefined) return null;
    const path = join(this.journals, file);
    const text = await readFile(path, 'utf8').catch(() => null);
    if (text === null) return null;
    const inForce = new Map<string, PlanFault>();
    for (const line of text.split('\n').slice(1)) {
      const { state, fault } = parse(line) ?? {};
      if (fault === undefined || fault === null) continue;
      if (state === 'reverted') inForce.delete(fault.id);
      else inForce.set(fault.id, fault);
    }
    return { runId: file.slice(0, -'.jsonl'.length), path, inForce: [...inForce.values()] };
  }

  /** Resolves when the run has its journal, or has ended without. */
  async journalled(): Promise<Journalled | null> {
    for (;;) {
      const journal = await this.journal();
      if (journal !== null || !this.running) return journal;
      await delay(20);
    }
  }

  /** Resolves when so many faults are in force, or one, with the journal; throws when the run ends before. */
  async inForce(what: number | string): Promise<Journalled> {
    for (;;) {
      const journal = await this.journal();
      const ids = journal?.inForce.map(({ id }) => id) ?? [];
      if (journal !== null && (typeof what === 'number' ? ids.length >= what : ids.includes(what))) return journal;
      if (!this.running) throw new Error(`ended without ${what} in force:\n${this.stderr}`);
      await delay(20);
    }
  }

  /** Resolves when stderr has said so; throws when the process ends without. */
  async said(pattern: RegExp): Promise<void> {
    while (!pattern.test(this.stderr)) {
      if (!this.running) throw new Error(`ended without ${pattern}:\n${this.stderr}`);
      await delay(20);
    }
  }

  /** What was written of the history; a last line that is not whole is left out. */
  async history(): Promise<HistoryRecord[]> {
    const text = await readFile(join(this.folder, 'history.jsonl'), 'utf8').catch(() => '');
    return text.split('\n').flatMap((line) => {
      const record = parseAny(line) as HistoryRecord | null;
      return record === null ? [] : [record];
    });
  }

  /** Where the run is, or was when it ended. */
  async stage(): Promise<string> {
    const phase = (await this.history()).findLast((record) => record.kind === 'phase');
    const reached = STAGES.findIndex(([pattern]) => pattern.test(this.stderr));
    if (phase?.kind === 'phase' && phase.state === 'begin' && (reached < 0 || reached > 2))
      return `phase ${phase.phase}`;
    if (phase?.kind === 'phase' && reached > 2) return `after phase ${phase.phase}`;
    return STAGES[reached]?.[1] ?? 'before anything of the run';
  }

  async forget(): Promise<void> {
    await rm(this.state, { recursive: true, force: true });
  }

  /** Killed where it still runs, as that of a test that failed half-way; its reaper does the rest. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.child.kill('SIGKILL');
    await this.ended;
    await this.forget();
  }
}

const parse = (line: string): Partial<JournalLine> | null => parseAny(line) as Partial<JournalLine> | null;

function parseAny(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}
