import type { MetricExpression } from '../check/metric-expression.ts';
import { readRun } from '../history/read-run.ts';
import type { Plan } from '../scenario/plan.ts';
import { BadCampaignError } from './bad-campaign-error.ts';
import { withAlways } from './carry-out.ts';
import { type Comparison, compare } from './comparison.ts';
import { type Observation, observe } from './observation.ts';

interface FinishedRun {
  readonly folder: string;
  readonly plan: Pick<Plan, 'scenario' | 'preset' | 'seed' | 'overrides'>;
}

/**
 * Compares runs that were made before, each measured again from its folder. Runs of one configuration with different
 * seeds are one arm; where two are of one configuration and one seed, each folder is an arm of its own. The first
 * folder's arm is the control.
 *
 * @throws BadRunError, BadHistoryError, or BadCampaignError when a folder is named twice
 */
export async function compareRuns(
  folders: readonly string[],
  choose: (plan: Plan) => readonly MetricExpression[],
): Promise<Comparison> {
  const twice = folders.find((folder, index) => folders.indexOf(folder) !== index);
  if (twice !== undefined) throw new BadCampaignError(`${twice} is named twice`);
  const runs: FinishedRun[] = [];
  const observations: Observation[] = [];
  let metrics: readonly MetricExpression[] | null = null;
  for (const folder of folders) {
    const { plan, records } = await readRun(folder);
    metrics ??= choose(plan);
    runs.push({ folder, plan });
    observations.push(observe({ arm: folder, seed: plan.seed }, plan, records, withAlways(metrics)));
  }
  const names = armNames(runs);
  const arms = [...new Set(names)].map((name) => ({
    name,
    settings: runs[names.indexOf(name)]?.plan.overrides ?? {},
  }));
  const first = runs[0]?.plan;
  return compare({
    scenario: [...new Set(runs.map(({ plan }) => plan.scenario.name))].join(', '),
    preset: [...new Set(runs.map(({ plan }) => plan.preset))].join(', '),
    seeds: [...new Set(runs.map(({ plan }) => plan.seed))],
    set: {},
    arms: first === undefined ? [] : arms,
    metrics: metrics ?? [],
    observations: observations.map((one, index) => ({ ...one, arm: names[index] ?? one.arm })),
  });
}

/** The arm of each run, in their order. */
export function armNames(runs: readonly FinishedRun[]): readonly string[] {
  const names = runs.map(({ plan }) => configurationOf(plan));
  const places = new Set(runs.map(({ plan }, index) => `${names[index]} ${plan.seed}`));
  return places.size < runs.length ? runs.map(({ folder }) => folder) : names;
}

const configurationOf = ({ scenario, preset, overrides }: FinishedRun['plan']): string => {
  const set = Object.entries(overrides)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${value}`);
  return [`${scenario.name}/${preset}`, ...set].join(' ');
};
