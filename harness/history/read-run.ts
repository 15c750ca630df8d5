import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Plan, PlanPhase } from '../scenario/plan.ts';
import { type HistoryFile, readHistory } from './read-history.ts';

/** A run's folder that cannot be analysed: no plan, or one of another version. */
export class BadRunError extends Error {
  override readonly name = 'BadRunError';
}

export interface RecordedRun extends HistoryFile {
  readonly plan: Plan;
}

/** What a run left to be measured: its `plan.json` and `history.jsonl`. Throws `BadRunError` or `BadHistoryError`. */
export async function readRun(dir: string): Promise<RecordedRun> {
  const plan = await readRunPlan(dir);
  return { plan, ...(await readHistory(join(dir, 'history.jsonl'))) };
}

/** @throws BadRunError */
export async function readRunPlan(dir: string): Promise<Plan> {
  const file = join(dir, 'plan.json');
  let plan: unknown;
  try {
    plan = JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    throw new BadRunError(`${file}: cannot be read as a plan`, { cause: error });
  }
  if (isPlan(plan)) return completed(plan);
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

/** Plans of the same version that are older lack what came later; then there was none of it. */
function completed(plan: Plan): Plan {
  const { databases, multiZoneDatabases }: Partial<Plan> = plan;
  const phases = plan.phases.map((phase) => ({ ...phase, actions: (phase as Partial<PlanPhase>).actions ?? [] }));
  return { ...plan, databases: databases ?? [], multiZoneDatabases: multiZoneDatabases ?? [], phases };
}
