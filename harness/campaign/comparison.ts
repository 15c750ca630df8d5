import { z } from 'zod';
import type { MetricExpression } from '../check/metric-expression.ts';
import { randomFor } from '../scenario/random.ts';
import {
  boundsOf,
  conclusive,
  countsOf,
  countsSchema,
  describeExpression,
  metricSchema,
  notesOn,
  runRow,
  runSchema,
  shareOf,
  shareSchema,
  spreadOf,
  spreadSchema,
} from './arm-summary.ts';
import type { Arm } from './arms.ts';
import { CONFIDENCE, RESAMPLES } from './bootstrap.ts';
import { type Bounds, boundsSchema, toJson } from './bounds.ts';
import { type Observation, recovered } from './observation.ts';
import { type BySeed, pairedDifference, pairedOutcome } from './paired.ts';

const differenceSchema = z.strictObject({
  pairs: z.number().describe('Seeds with a value in both arms'),
  median: boundsSchema.nullable().describe('Of the differences arm − control, seed by seed'),
  interval: boundsSchema.nullable().describe('95 %, percentile bootstrap over seeds'),
  reason: z.string().nullable().describe('Why there is no interval'),
});

/** `compare.json`. */
export const comparisonSchema = z.strictObject({
  schemaVersion: z.literal(1),
  scenario: z.string(),
  preset: z.string(),
  seeds: z.array(z.number()),
  set: z.record(z.string(), z.string()),
  control: z.string(),
  arms: z.array(z.strictObject({ name: z.string(), settings: z.record(z.string(), z.string()), runs: countsSchema })),
  recovered: z
    .array(
      z.strictObject({
        arm: z.string(),
        share: shareSchema,
        againstControl: z
          .strictObject({ pairs: z.number(), onlyHere: z.number(), onlyInControl: z.number() })
          .nullable()
          .describe('`null`: it is the control'),
      }),
    )
    .describe('Under 1 % of the volumes stuck before the record ended'),
  metrics: z.array(
    metricSchema.extend({
      arms: z.array(
        z.strictObject({
          arm: z.string(),
          spread: spreadSchema,
          difference: differenceSchema.nullable().describe('`null`: it is the control'),
        }),
      ),
    }),
  ),
  runs: z.array(runSchema).describe('In the order in which they are made'),
  method: z.strictObject({ confidence: z.number(), resamples: z.number(), randomSeed: z.number() }),
  notes: z.array(z.string()),
});
export type Comparison = z.infer<typeof comparisonSchema>;

export interface ComparisonOf {
  readonly scenario: string;
  readonly preset: string;
  readonly seeds: readonly number[];
  readonly set: Readonly<Record<string, string>>;
  /** The control first. */
  readonly arms: readonly Arm[];
  readonly metrics: readonly MetricExpression[];
  readonly observations: readonly Observation[];
}

/** The bootstrap's own seed: the same runs give the same intervals, whatever else is compared with them. */
const RANDOM_SEED = 1;

export function compare({ arms, metrics, observations, ...asked }: ComparisonOf): Comparison {
  const [control = arms[0]] = arms;
  const of = (arm: string): readonly Observation[] => observations.filter((one) => one.arm === arm);
  const controlName = control?.name ?? '';
  const controlRuns = of(controlName);
  return {
    schemaVersion: 1,
    scenario: asked.scenario,
    preset: asked.preset,
    seeds: [...asked.seeds],
    set: { ...asked.set },
    control: controlName,
    arms: arms.map(({ name, settings }) => ({ name, settings: { ...settings }, runs: countsOf(of(name)) })),
    recovered: arms.map(({ name }) => ({
      arm: name,
      share: shareOf(conclusive(of(name)).map(recovered)),
      againstControl: name === controlName ? null : pairedOutcome(outcomes(of(name)), outcomes(controlRuns)),
    })),
    metrics: metrics.map((metric) => ({
      ...describeExpression(metric),
      arms: arms.map(({ name }) => ({
        arm: name,
        spread: spreadOf(of(name), metric.text),
        difference:
          name === controlName
            ? null
            : difference(metric.text, name, values(of(name), metric), values(controlRuns, metric)),
      })),
    })),
    runs: observations.map(runRow),
    method: { confidence: CONFIDENCE, resamples: RESAMPLES, randomSeed: RANDOM_SEED },
    notes: notesOn(observations),
  };
}

/** Some arm has no conclusive run whose seed is conclusive in the control too: nothing can be said of it. */
export function saysTooLittle({ arms, control, runs }: Comparison): boolean {
  const seedsOf = (name: string): Set<number> =>
    new Set(runs.filter(({ arm, state }) => arm === name && state === 'conclusive').map(({ seed }) => seed));
  const inControl = seedsOf(control);
  return arms.some(({ name }) => seedsOf(name).intersection(inControl).size === 0);
}

function difference(
  metric: string,
  arm: string,
  here: BySeed<Bounds>,
  control: BySeed<Bounds>,
): z.infer<typeof differenceSchema> {
  const random = randomFor(RANDOM_SEED, `bootstrap/${metric}/${arm}`);
  const { pairs, median, interval, reason } = pairedDifference(here, control, random);
  return {
    pairs,
    median: median === null ? null : toJson(median),
    interval: interval === null ? null : toJson(interval),
    reason,
  };
}

const values = (runs: readonly Observation[], { text }: MetricExpression): BySeed<Bounds> =>
  new Map(
    conclusive(runs).flatMap(({ seed, values: all }) => {
      const bounds = boundsOf(all.get(text));
      return bounds === null ? [] : [[seed, bounds] as const];
    }),
  );

const outcomes = (runs: readonly Observation[]): BySeed<boolean> =>
  new Map(
    conclusive(runs).flatMap((run) => {
      const outcome = recovered(run);
      return outcome === null ? [] : [[run.seed, outcome] as const];
    }),
  );
