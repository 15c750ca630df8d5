import { closeSync, fsyncSync, linkSync, mkdirSync, openSync, unlinkSync, writeSync } from 'node:fs';
import { readdir, readFile, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { refusedPath } from '../history/refused-path.ts';
import type { PlanFault } from '../scenario/plan.ts';
import { flock } from '../time/flock.ts';
import { startOf } from '../time/process-start.ts';
import type { EngineIdentity } from './engine/identity.ts';
import { EnvironmentError } from './environment-error.ts';

/**
 * The write-ahead journal of faults: what is about to be done to the network stands on the machine's disk before it is
 * done, and what was put back, after it was read back. It outlives the run's process and its folder, so that a later
 * start or `zonestorm clean` knows what a killed run had in force. One file for each run, gone when all is put back.
 */
export interface JournalLine {
  readonly state: 'begin' | 'applying' | 'applied' | 'reverted';
  /** ISO 8601. */
  readonly at: string;
  readonly fault: PlanFault | null;
}

interface Header {
  readonly runId: string;
  readonly pid: number;
  /** Start of the process in clock ticks since boot, as pids are given out again. */
  readonly pidStart: string;
  /** Where the run's containers are. Journals from before engines were told apart have none. */
  readonly engine?: EngineIdentity;
}

/** `$XDG_STATE_HOME/zonestorm/journal`, or below `~/.local/state` (XDG Base Directory Specification). */
export function journalFolder(): string {
  const base = process.env.XDG_STATE_HOME;
  const state = base === undefined || base === '' ? join(homedir(), '.local', 'state') : base;
  return join(state, 'zonestorm', 'journal');
}

/** The journal of a run that is going on. Every line is on the disk when the call returns. */
export class Journal implements Disposable {
  readonly path: string;
  readonly #file: number;
  readonly #open = new Map<string, PlanFault>();

  /** @throws EnvironmentError when the folder cannot be written; Error when there is a journal of this run already */
  constructor(runId: string, engine: EngineIdentity, folder = journalFolder()) {
    this.path = join(folder, `${runId}.jsonl`);
    // It gets its name once it has its header: without, another run's start would take it for a dead run's.
    const unnamed = `${this.path}.new`;
    this.#file = openNew(folder, unnamed);
    // Tells whoever comes that this run lives, also in another PID namespace, where its pid is somebody else's.
    flock(this.#file);
    const header: Header = { runId, pid: process.pid, pidStart: startOf(process.pid) ?? '', engine };
    this.#write({ ...header, at: new Date().toISOString() });
    try {
      linkSync(unnamed, this.path);
    } finally {
      unlinkSync(unnamed);
    }
    syncFolder(folder);
  }

  applying(fault: PlanFault): void {
    this.#open.set(fault.id, fault);
    this.#line('applying', fault);
  }
  applied(fault: PlanFault): void {
    this.#line('applied', fault);
  }
  /** Only once the revert has been read back. */
  reverted(fault: PlanFault): void {
    this.#line('reverted', fault);
    this.#open.delete(fault.id);
  }

  /** Begun and not read back as put back. */
  get inForce(): readonly PlanFault[] {
    return [...this.#open.values()];
  }

  /** Everything that the run had is gone, and with it what was done to it. */
  async finish(): Promise<void> {
    await rm(this.path, { force: true });
  }

  #line(state: JournalLine['state'], fault: PlanFault): void {
    this.#write({ state, at: new Date().toISOString(), fault });
  }

  #write(line: object): void {
    writeSync(this.#file, `${JSON.stringify(line)}\n`);
    fsyncSync(this.#file);
  }

  [Symbol.dispose](): void {
    closeSync(this.#file);
  }
}

function openNew(folder: string, file: string): number {
  try {
    mkdirSync(folder, { recursive: true });
    return openSync(file, 'w');
  } catch (error) {
    const why = refusedPath(error);
    if (why === null) throw error;
    throw new EnvironmentError(
      `the state folder ${folder}, where a run notes its faults, cannot be written: ${why}`,
      'Make it writable, or set XDG_STATE_HOME to a folder that is.',
      { cause: error },
    );
  }
}

/** What a run left in the journal whose process is gone. */
export interface Abandoned {
  readonly runId: string;
  readonly path: string;
  /** The run's; `null`: its journal does not say. */
  readonly engine: EngineIdentity | null;
  /** Begun and not read back as put back. */
  readonly faults: readonly PlanFault[];
}

/** Journals of processes that have ended, oldest run first. One that was torn by a crash counts up to the tear. */
export async function abandonedJournals(folder = journalFolder()): Promise<Abandoned[]> {
  const files = await readdir(folder).catch(() => [] as string[]);
  const found: Abandoned[] = [];
  for (const file of files.filter((name) => name.endsWith('.jsonl')).sort()) {
    const path = join(folder, file);
    const text = await readFile(path, 'utf8').catch(() => null);
    // Its run has just ended properly.
    if (text === null) continue;
    const [first = '', ...rest] = text.split('\n');
    const header: Header = parse<Header>(first) ?? { runId: file.slice(0, -'.jsonl'.length), pid: 0, pidStart: '' };
    // Where it is not locked, as without flock(1), its process tells.
    if (isHeld(path) || (header.pid !== 0 && startOf(header.pid) === header.pidStart)) continue;
    const faults = new Map<string, PlanFault>();
    for (const line of rest) {
      const { fault, state } = parse<JournalLine>(line) ?? { fault: null, state: 'begin' as const };
      if (fault === null) continue;
      if (state === 'reverted') faults.delete(fault.id);
      else faults.set(fault.id, fault);
    }
    found.push({ runId: header.runId, path, engine: header.engine ?? null, faults: [...faults.values()] });
  }
  return found;
}

/** In a few words: the run, what it had in force, and on which engine. */
export function describeAbandoned({ runId, faults, engine }: Abandoned): string {
  const at = engine === null ? '' : ` at ${engine.address}`;
  return `${runId} (${faults.map(({ id }) => id).join(', ') || 'no fault'})${at}`;
}

/** Whether a living process has it open and locked. */
function isHeld(path: string): boolean {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch {
    // Gone meanwhile: its run has ended properly.
    return true;
  }
  try {
    return flock(file) === 'busy';
  } finally {
    closeSync(file);
  }
}

function parse<T>(line: string): T | null {
  try {
    return JSON.parse(line) as T;
  } catch {
    return null;
  }
}

/** A new file's name is on the disk only once its folder is. */
function syncFolder(folder: string): void {
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
