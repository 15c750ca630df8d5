import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readHistory } from '../history/read-history.ts';
import type { Plan } from '../scenario/plan.ts';
import { analyze } from './analyze.ts';
import { renderHtml } from './html/render-html.ts';
import { renderJunit } from './junit.ts';
import { formatResult } from './result-json.ts';
import type { Result } from './result-schema.ts';
import { renderSummary } from './summary-md.ts';

/** A run's folder that cannot be analysed: no plan, or one of another version. */
export class BadRunError extends Error {
  override readonly name = 'BadRunError';
}

/**
 * Analyses a run's folder, from its `plan.json` and `history.jsonl` alone, and writes `result.json`, `report.html`,
 * `summary.md` and `junit.xml` into it. Throws `BadRunError` or `BadHistoryError`.
 */
export async function writeReports(dir: string): Promise<Result> {
  const plan = await readPlan(join(dir, 'plan.json'));
  const { records, notes } = await readHistory(join(dir, 'history.jsonl'));
  const result = analyze(plan, records, notes);
  await writeFile(join(dir, 'result.json'), formatResult(result));
  await writeFile(join(dir, 'report.html'), await renderHtml(result));
  await writeFile(join(dir, 'summary.md'), renderSummary(result));
  await writeFile(join(dir, 'junit.xml'), renderJunit(result));
  return result;
}

async function readPlan(file: string): Promise<Plan> {
  let plan: unknown;
  try {
    plan = JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    throw new BadRunError(`${file}: cannot be read as a plan`, { cause: error });
  }
  if (isPlan(plan)) return plan;
  const version = typeof plan === 'object' && plan !== null && 'schemaVersion' in plan ? plan.schemaVersion : null;
  const found =
    typeof version === 'number' && version !== PLAN_VERSION ? `a plan of schema version ${version}` : 'no plan';
  throw new BadRunError(`${file}: ${found}, expected one of schema version ${PLAN_VERSION}`);
}

const PLAN_VERSION: Plan['schemaVersion'] = 2;

/** Plans are written by zonestorm, not by people: the version is enough to tell one. */
const isPlan = (value: unknown): value is Plan =>
  typeof value === 'object' &&
  value !== null &&
  'schemaVersion' in value &&
  value.schemaVersion === PLAN_VERSION &&
  'phases' in value;
