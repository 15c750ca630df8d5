import { stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { appendHistory } from '../history/append-history.ts';
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
    if (!(await hasHistory(folder))) {
      await using history = await appendHistory(join(folder, 'history.jsonl'));
      const reason = explain(error).message;
      history.append({ kind: 'run.end', t: monotonicMs(), source: 'harness', outcome: 'broken', reason });
    }
    await writeReports(folder);
    progress(`report: ${folder}/report.html`);
  } catch (failed) {
    progress(`no report of what broke could be written: ${(failed as Error).message}`);
  }
}

function unlessThere(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error;
}
