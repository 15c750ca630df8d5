import pLimit from 'p-limit';
import { type MetricExpression, parseMetricExpression } from '../check/metric-expression.ts';
import { readRun } from '../history/read-run.ts';
import type { Plan } from '../scenario/plan.ts';
import type { CampaignFolder } from './campaign-folder.ts';
import { ALWAYS } from './choose-metrics.ts';
import { notMeasured, type Observation, observe } from './observation.ts';
import type { Turn } from './order.ts';

/** How one run ended. `broken` carries the error's last words, and the exit code that says whose it is. */
export type RunEnding =
  | { readonly kind: 'ended' }
  | { readonly kind: 'interrupted' }
  | { readonly kind: 'broken'; readonly code: number; readonly message: string };

export interface PlannedTurn extends Turn {
  readonly plan: Plan;
}

export interface CarryOutOptions {
  readonly folder: CampaignFolder;
  readonly metrics: readonly MetricExpression[];
  /** Labs at once. */
  readonly atOnce: number;
  /** Carries out the plan of a file into a folder that is not there yet. */
  readonly run: (turn: Turn, planFile: string, runFolder: string) => Promise<RunEnding>;
  readonly progress: (line: string) => void;
  /** Aborted: no other run is begun. */
  readonly signal: AbortSignal;
  /** Each time that a run has been measured, with all that is known by then, in the order of the turns. */
  readonly onObserved: (all: readonly Observation[]) => Promise<void>;
}

export interface CarriedOut {
  readonly observations: readonly Observation[];
  /** Of the last run that broke. */
  readonly broken: { readonly code: number; readonly message: string } | null;
  readonly interrupted: boolean;
}

/** So many runs in a row that break have a cause that the next one has too. */
const BROKEN_IN_A_ROW = 2;

/**
 * Carries out every turn that is not done yet, in the order given. A run that breaks is told and left for another
 * start; after two in a row, or an interruption, no other is begun.
 */
export async function carryOut(turns: readonly PlannedTurn[], options: CarryOutOptions): Promise<CarriedOut> {
  const { folder, progress } = options;
  const observations: Observation[] = turns.map(({ arm, seed }) => notMeasured({ arm, seed }, 'missing'));
  let broken: CarriedOut['broken'] = null;
  let brokenInARow = 0;
  let interrupted = false;
  const measured = async (index: number, { arm, seed }: Turn): Promise<void> => {
    observations[index] = await observed({ arm, seed }, options);
    await options.onObserved(observations);
  };

  const todo: { readonly index: number; readonly turn: PlannedTurn }[] = [];
  for (const [index, turn] of turns.entries()) {
    const state = await folder.state(turn, turn.plan);
    if (state === 'half-done') progress(`${nameOf(turn)}: set aside to ${await folder.setAside(turn)}`);
    if (state !== 'done') todo.push({ index, turn });
    else observations[index] = await observed({ arm: turn.arm, seed: turn.seed }, options);
  }
  if (turns.length > todo.length) progress(`${turns.length - todo.length} of ${turns.length} runs are there already`);
  await options.onObserved(observations);

  const carryOne = async (index: number, turn: PlannedTurn): Promise<void> => {
    const planFile = await folder.writePlan(turn, turn.plan);
    const ending = await options.run(turn, planFile, folder.runFolder(turn));
    if (ending.kind === 'interrupted') interrupted = true;
    else if (ending.kind === 'ended') {
      brokenInARow = 0;
      await measured(index, turn);
    } else {
      brokenInARow += 1;
      broken = { code: ending.code, message: ending.message };
      progress(`${nameOf(turn)} broke: ${ending.message}`);
      observations[index] = notMeasured({ arm: turn.arm, seed: turn.seed }, 'broken', [ending.message]);
      await options.onObserved(observations);
    }
  };
  const errors: unknown[] = [];
  const limit = pLimit(options.atOnce);
  await limit.map(todo, async ({ index, turn }, place) => {
    interrupted ||= options.signal.aborted;
    if (interrupted || brokenInARow >= BROKEN_IN_A_ROW || errors.length > 0) return;
    progress(`${nameOf(turn)}: run ${place + 1} of ${todo.length} to do`);
    try {
      await carryOne(index, turn);
    } catch (error) {
      // Thrown once no lab is running any more: the folder is given free with it.
      errors.push(error);
    }
  });
  if (errors.length > 0) throw errors[0];
  return { observations, broken, interrupted };
}

const nameOf = ({ arm, seed }: Turn): string => `${arm}, seed ${seed}`;

async function observed(turn: Turn, { folder, metrics }: CarryOutOptions): Promise<Observation> {
  const { plan, records } = await readRun(folder.runFolder(turn));
  return observe(turn, plan, records, withAlways(metrics));
}

/** What is asked for, and what every command needs. */
export function withAlways(metrics: readonly MetricExpression[]): readonly MetricExpression[] {
  const more = ALWAYS.filter((name) => metrics.every(({ text }) => text !== name));
  return [...metrics, ...more.map(parseMetricExpression)];
}
