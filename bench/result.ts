import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PROJECT } from '../harness/lab/project.ts';
import type { CapacityFigures } from './benchmarks/capacity.ts';
import type { HopFigures } from './benchmarks/hop.ts';
import type { KillsFigures } from './benchmarks/kills.ts';
import type { OnsetFigures } from './benchmarks/onset.ts';
import type { StartupFigures } from './benchmarks/startup.ts';
import type { Machine } from './machine.ts';

/** What each benchmark measures, by its name. */
export interface Figures {
  readonly capacity: CapacityFigures;
  readonly hop: HopFigures;
  readonly onset: OnsetFigures;
  readonly startup: StartupFigures;
  readonly kills: KillsFigures;
}
export type Name = keyof Figures;
export const NAMES = ['capacity', 'hop', 'onset', 'startup', 'kills'] as const satisfies readonly Name[];

export interface Result<N extends Name = Name> {
  readonly name: N;
  /** ISO 8601; nothing else in the file depends on the date. */
  readonly measuredAt: string;
  /** Short cells, to see that the benchmark works; such a result is never committed. */
  readonly quick: boolean;
  readonly machine: Machine;
  readonly figures: Figures[N];
}

/** Committed ones; quick ones go where git does not look. */
export const RESULTS = join(PROJECT, 'bench/results');
const QUICK_RESULTS = join(PROJECT, 'runs/bench');

export async function writeResult(result: Result): Promise<string> {
  const folder = result.quick ? QUICK_RESULTS : RESULTS;
  await mkdir(folder, { recursive: true });
  const path = join(folder, `${result.name}.json`);
  await writeFile(path, `${JSON.stringify(result, null, 2)}\n`);
  return path;
}

/** `null`: not measured yet. */
export async function readResult<N extends Name>(name: N, quick = false): Promise<Result<N> | null> {
  const text = await readFile(join(quick ? QUICK_RESULTS : RESULTS, `${name}.json`), 'utf8').catch(() => null);
  return text === null ? null : (JSON.parse(text) as Result<N>);
}
