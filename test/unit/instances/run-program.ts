import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { PrintedRecord } from '../../../harness/history/records.ts';
import type { ContainerConfig } from '../../../harness/scenario/container-config.ts';

export type RecordOf<K extends PrintedRecord['kind']> = Extract<PrintedRecord, { kind: K }>;

/** One of the fixtures' programs as a process of its own, with what it has printed so far. */
export class Program {
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown[]>;
  #stdout = '';
  stderr = '';

  /** `program`: its folder under `fixtures/storage`. `ledgers`: of a former life; new ones by default. */
  constructor(
    program: string,
    config: ContainerConfig,
    parameters: readonly string[] = [],
    ledgers = mkdtempSync(join(tmpdir(), 'zonestorm-ledgers-')),
  ) {
    const path = fileURLToPath(new URL(`../../../fixtures/storage/${program}/main.ts`, import.meta.url));
    this.#child = spawn(process.execPath, [path, ...parameters], {
      env: { ...process.env, ZONESTORM_CONFIG: JSON.stringify(config), ZONESTORM_LEDGER: ledgers },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child.stdout?.on('data', (chunk: Buffer) => {
      this.#stdout += chunk.toString();
    });
    this.#child.stderr?.on('data', (chunk: Buffer) => {
      this.stderr += chunk.toString();
    });
    this.#exited = once(this.#child, 'close');
  }

  records<K extends PrintedRecord['kind']>(kind: K): RecordOf<K>[] {
    const lines = this.#stdout.split('\n').slice(0, -1);
    const all = lines.map((line) => JSON.parse(line) as PrintedRecord);
    return all.filter((record): record is RecordOf<K> => record.kind === kind);
  }

  async ready(): Promise<void> {
    for (let tries = 0; this.records('ready').length === 0; tries += 1) {
      if (tries > 500 || this.#child.exitCode !== null) throw new Error(`not ready: ${this.stderr}`);
      await delay(20);
    }
  }

  /** The exit code. */
  async stop(): Promise<unknown> {
    this.#child.kill('SIGTERM');
    return this.exited();
  }

  async exited(): Promise<unknown> {
    const [code] = await this.#exited;
    return code;
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }
}
