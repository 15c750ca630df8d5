import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readRun } from '../history/read-run.ts';
import { analyze } from './analyze.ts';
import { renderHtml } from './html/render-html.ts';
import { renderJunit } from './junit.ts';
import { formatResult } from './result-json.ts';
import type { Result } from './result-schema.ts';
import { renderSummary } from './summary-md.ts';

/**
 * Analyses a run's folder, from its `plan.json` and `history.jsonl` alone, and writes `result.json`, `report.html`,
 * `summary.md` and `junit.xml` into it. Throws `BadRunError` or `BadHistoryError`.
 */
export async function writeReports(dir: string): Promise<Result> {
  const { plan, records, notes } = await readRun(dir);
  const result = analyze(plan, records, notes);
  await writeFile(join(dir, 'result.json'), formatResult(result));
  await writeFile(join(dir, 'report.html'), await renderHtml(result));
  await writeFile(join(dir, 'summary.md'), renderSummary(result));
  await writeFile(join(dir, 'junit.xml'), renderJunit(result));
  return result;
}
