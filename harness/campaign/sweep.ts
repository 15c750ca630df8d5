import { z } from 'zod';
import type { MetricExpression } from '../check/metric-expression.ts';
import {
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
import { type Axis, gridOf } from './grid.ts';
import { type Observation, recovered } from './observation.ts';

/** `sweep.json`. */
export const sweepSchema = z.strictObject({
  schemaVersion: z.literal(1),
  scenario: z.string(),
  preset: z.string(),
  seeds: z.array(z.number()),
  set: z.record(z.string(), z.string()),
  axes: z.array(z.strictObject({ key: z.string(), values: z.array(z.string()) })),
  metrics: z.array(metricSchema),
  cells: z
    .array(
      z.strictObject({
        arm: z.string(),
        settings: z.record(z.string(), z.string()),
        runs: countsSchema,
        recovered: shareSchema.describe('Under 1 % of the volumes stuck before the record ended'),
        spreads: z.record(z.string(), spreadSchema).describe('By metric'),
      }),
    )
    .describe('The last axis fastest'),
  runs: z.array(runSchema),
  notes: z.array(z.string()),
});
export type Sweep = z.infer<typeof sweepSchema>;

export interface SweepOf {
  readonly scenario: string;
  readonly preset: string;
  readonly seeds: readonly number[];
  readonly set: Readonly<Record<string, string>>;
  readonly axes: readonly Axis[];
  readonly metrics: readonly MetricExpression[];
  readonly observations: readonly Observation[];
}

export function sweep({ axes, metrics, observations, ...asked }: SweepOf): Sweep {
  return {
    schemaVersion: 1,
    scenario: asked.scenario,
    preset: asked.preset,
    seeds: [...asked.seeds],
    set: { ...asked.set },
    axes: axes.map(({ key, values }) => ({ key, values: [...values] })),
    metrics: metrics.map(describeExpression),
    cells: gridOf(axes).map(({ name, settings }) => {
      const runs = observations.filter(({ arm }) => arm === name);
      return {
        arm: name,
        settings: { ...settings },
        runs: countsOf(runs),
        recovered: shareOf(conclusive(runs).map(recovered)),
        spreads: Object.fromEntries(metrics.map(({ text }) => [text, spreadOf(runs, text)])),
      };
    }),
    runs: observations.map(runRow),
    notes: notesOn(observations),
  };
}

/** Some cell has no conclusive run. */
export const hasEmptyCell = ({ cells }: Sweep): boolean => cells.some(({ runs }) => runs.conclusive === 0);
