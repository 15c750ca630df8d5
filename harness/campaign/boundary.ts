import { z } from 'zod';
import { conclusive, countsOf, countsSchema, notesOn, runRow, runSchema, shareOf, shareSchema } from './arm-summary.ts';
import { nextStep, type Probed, type Range, type Step, valueAt } from './bisect.ts';
import { cellName } from './grid.ts';
import type { Observation } from './observation.ts';
import { majority, outlives } from './outlives.ts';

/** `boundary.json`. */
export const boundarySchema = z.strictObject({
  schemaVersion: z.literal(1),
  scenario: z.string(),
  preset: z.string(),
  seeds: z.array(z.number()),
  set: z.record(z.string(), z.string()),
  key: z.string(),
  range: z.strictObject({ lowest: z.string(), highest: z.string(), tolerance: z.number(), unit: z.string() }),
  outlivesTimes: z.number().describe('A storm outlives its trigger when it lasts more than so many times as long'),
  outcome: z.enum(['bracketed', 'no-difference', 'undecided', 'unfinished']),
  reason: z.string().nullable().describe('Why there is no bracket'),
  bracket: z
    .strictObject({
      from: z.string(),
      to: z.string(),
      fromOutlives: z.boolean(),
      toOutlives: z.boolean(),
    })
    .nullable(),
  probes: z
    .array(
      z.strictObject({
        value: z.string(),
        runs: countsSchema,
        outlived: shareSchema,
        outlives: z.boolean().nullable().describe('More than half of the seeds; `null`: too few conclusive runs'),
      }),
    )
    .describe('In the order in which they were made'),
  runs: z.array(runSchema),
  assumption: z.string(),
  notes: z.array(z.string()),
});
export type Boundary = z.infer<typeof boundarySchema>;

export interface BoundaryOf {
  readonly scenario: string;
  readonly preset: string;
  readonly seeds: readonly number[];
  readonly set: Readonly<Record<string, string>>;
  readonly range: Range;
  readonly outlivesTimes: number;
  /** The values that were tried, with their runs, in order. */
  readonly tried: readonly { readonly at: number; readonly observations: readonly Observation[] }[];
}

const ASSUMPTION =
  'There is one boundary between the two ends. If there are several, the bracket holds one of them, and the others were not looked for.';

/** The folder of the runs at one value. */
export const probeName = (range: Range, at: number): string => cellName([[range.key, valueAt(range, at)]]);

export function probedOf({ tried, outlivesTimes }: Pick<BoundaryOf, 'tried' | 'outlivesTimes'>): readonly Probed[] {
  return tried.map(({ at, observations }) => ({ at, outlives: majority(answers(observations, outlivesTimes)) }));
}

export function boundary({ range, outlivesTimes, tried, ...asked }: BoundaryOf): Boundary {
  const observations = tried.flatMap((probe) => probe.observations);
  const step = nextStep(range, probedOf({ tried, outlivesTimes }));
  const unfinished = unfinishedOf(observations);
  return {
    schemaVersion: 1,
    scenario: asked.scenario,
    preset: asked.preset,
    seeds: [...asked.seeds],
    set: { ...asked.set },
    key: range.key,
    range: {
      lowest: valueAt(range, range.lowest),
      highest: valueAt(range, range.highest),
      tolerance: range.tolerance,
      unit: range.unit,
    },
    outlivesTimes,
    ...(unfinished ?? outcomeOf(step, range)),
    bracket:
      unfinished === null && step.kind === 'bracket'
        ? {
            from: valueAt(range, step.from.at),
            to: valueAt(range, step.to.at),
            fromOutlives: step.from.outlives === true,
            toOutlives: step.to.outlives === true,
          }
        : null,
    probes: tried.map((probe) => ({
      value: valueAt(range, probe.at),
      runs: countsOf(probe.observations),
      outlived: shareOf(conclusive(probe.observations).map((one) => answerOf(one, outlivesTimes))),
      outlives: majority(answers(probe.observations, outlivesTimes)),
    })),
    runs: observations.map(runRow),
    assumption: ASSUMPTION,
    notes: [...notesOn(observations), ...shortRecords(observations, outlivesTimes)],
  };
}

/** While a run is still to be made, too few that can tell is no finding. */
function unfinishedOf(observations: readonly Observation[]): Pick<Boundary, 'outcome' | 'reason'> | null {
  const { broken, missing } = countsOf(observations);
  if (broken + missing === 0) return null;
  return { outcome: 'unfinished', reason: `${missing} runs are to be made, and ${broken} to be made again` };
}

function outcomeOf(step: Step, range: Range): Pick<Boundary, 'outcome' | 'reason'> {
  switch (step.kind) {
    case 'bracket':
      return { outcome: 'bracketed', reason: null };
    case 'same': {
      const what = step.outlives ? 'outlives its trigger' : 'does not outlive its trigger';
      const reason = `the storm ${what} at both ends of the range, so there is nothing to bisect`;
      return { outcome: 'no-difference', reason };
    }
    case 'undecided':
      return {
        outcome: 'undecided',
        reason: `at ${valueAt(range, step.at)} at most half of the runs are conclusive and can tell`,
      };
    case 'probe':
      return { outcome: 'unfinished', reason: `${valueAt(range, step.at)} is not tried yet` };
  }
}

/** A run that is not conclusive does not tell. */
const answerOf = ({ state, values }: Observation, times: number): boolean | null => {
  const [storm, trigger] = [values.get('storm.seconds'), values.get('trigger.seconds')];
  return state !== 'conclusive' || storm === undefined || trigger === undefined
    ? null
    : outlives(storm, trigger, times);
};

const answers = (observations: readonly Observation[], times: number): readonly (boolean | null)[] =>
  observations.map((one) => answerOf(one, times));

/** Not recovered, in a record that is too short to show so many times the trigger: it counts, and is told. */
function shortRecords(observations: readonly Observation[], times: number): string[] {
  const short = observations.filter(({ state, values }) => {
    const [storm, trigger] = [values.get('storm.seconds'), values.get('trigger.seconds')];
    if (state !== 'conclusive' || typeof storm !== 'object' || !('atLeast' in storm)) return false;
    return typeof trigger === 'number' && storm.atLeast < times * trigger;
  });
  if (short.length === 0) return [];
  return [
    `${short.length} storms had not ended when their record did, before ${times} times the trigger: a longer record ` +
      'could show that they end',
  ];
}
