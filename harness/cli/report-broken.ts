import { appendFile, open, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { appendHistory } from '../history/append-history.ts';
import { readHistory } from '../history/read-history.ts';
import { writeReports } from '../report/write-reports.ts';
import type { Plan } from '../scenario/plan.ts';
import { monotonicMs } from '../time/monotonic.ts';
import { explain } from './exit-code.ts';
import { progress } from './progress.ts';

/** Whether a run in this folder has begun. */
export const hasHistory = (folder: string): Promise<boolean> =>
  stat(join(folder, 'history.jsonl')).then(
    () => true,
    () => false,
  );

/**
 * The reports of a run that broke, or could not even begin: a CI job shows `junit.xml` and nothing else. They say what
 * broke. Never throws, as nothing may stand in the place of that error.
 */
export async function reportBroken(folder: string, plan: Plan, error: unknown): Promise<void> {
  try {
    // Where the run has written its own, with its addresses, that stays.
    const planFile = join(folder, 'plan.json');
    await writeFile(planFile, `${JSON.stringify(plan, null, 2)}\n`, { flag: 'wx' }).catch(unlessThere);
    if (!(await hasEnd(folder))) await appendEnd(join(folder, 'history.jsonl'), explain(error).message);
    await writeReports(folder);
    progress(`report: ${folder}/report.html`);
  } catch (failed) {
    progress(`no report of what broke could be written: ${(failed as Error).message}`);
  }
}

/** What breaks outside a run's phases, or while its disk is full, leaves a history without an end. */
async function hasEnd(folder: string): Promise<boolean> {
  if (!(await hasHistory(folder))) return false;
  const { records } = await readHistory(join(folder, 'history.jsonl'));
  return records.some(({ kind }) => kind === 'run.end');
}

async function appendEnd(file: string, reason: string): Promise<void> {
  if (await isTorn(file)) await appendFile(file, '\n');
  await using history = await appendHistory(file);
  history.append({ kind: 'run.end', t: monotonicMs(), source: 'harness', outcome: 'broken', reason });
}

/** Whether its last line was cut off: what is appended would be a part of it. */
async function isTorn(file: string): Promise<boolean> {
  await using handle = await open(file, 'a+');
  const { size } = await handle.stat();
  if (size === 0) return false;
  const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, size - 1);
  return buffer.toString() !== '\n';
}

function unlessThere(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error;
}
