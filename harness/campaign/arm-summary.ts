import { z } from 'zod';
import { describeMetric, type MetricExpression } from '../check/metric-expression.ts';
import type { MetricValue } from '../check/metrics.ts';
import { wilson } from '../measure/wilson.ts';
import { atLeast, type Bounds, boundsSchema, exactly, leastOf, medianOf, mostOf, toJson } from './bounds.ts';
import { lossesOf } from './losses.ts';
import { type Observation, recovered } from './observation.ts';

export const runSchema = z.strictObject({
  arm: z.string(),
  seed: z.number(),
  state: z
    .enum(['conclusive', 'inconclusive', 'broken', 'missing'])
    .describe('Only the numbers of conclusive runs count; missing: not run yet'),
  reasons: z.array(z.string()).describe('Why it is not conclusive'),
  recovered: z.boolean().nullable().describe('Under 1 % stuck before the record ended; `null`: not measured'),
  values: z
    .record(z.string(), boundsSchema)
    .describe('By metric; also of an inconclusive run, whose values do not count'),
});
export type RunRow = z.infer<typeof runSchema>;

export const countsSchema = z.strictObject({
  asked: z.number(),
  conclusive: z.number(),
  inconclusive: z.number(),
  broken: z.number(),
  missing: z.number(),
});
export type Counts = z.infer<typeof countsSchema>;

/** Of a yes or no: how many of those conclusive runs that can tell said yes, with Wilson's interval of 95 %. */
export const shareSchema = z.strictObject({
  yes: z.number(),
  of: z.number(),
  low: z.number().nullable(),
  high: z.number().nullable(),
  untold: z.number().describe('Conclusive runs that cannot tell'),
});
export type Share = z.infer<typeof shareSchema>;

export const spreadSchema = z.strictObject({
  n: z.number().describe('Conclusive runs with a value'),
  without: z.number().describe('Conclusive runs without one'),
  withoutReason: z.string().nullable().describe('Of the first of these'),
  median: boundsSchema.nullable(),
  least: boundsSchema.nullable(),
  most: boundsSchema.nullable(),
});
export type Spread = z.infer<typeof spreadSchema>;

export const metricSchema = z.strictObject({
  metric: z.string(),
  unit: z.string().describe('Shares are 0..1, times are seconds'),
  description: z.string(),
});

export const describeExpression = ({ text, name }: MetricExpression): z.infer<typeof metricSchema> => ({
  metric: text,
  ...describeMetric(name),
});

/** `null`: the run has no such value. */
export function boundsOf(value: MetricValue | undefined): Bounds | null {
  if (value === undefined) return null;
  if (typeof value === 'number') return exactly(value);
  return 'atLeast' in value ? atLeast(value.atLeast) : null;
}

export function runRow(observation: Observation): RunRow {
  const { arm, seed, state, reasons, values } = observation;
  const known = [...values].flatMap(([name, value]) => {
    const bounds = boundsOf(value);
    return bounds === null ? [] : [[name, toJson(bounds)] as const];
  });
  return {
    arm,
    seed,
    state,
    reasons: [...reasons],
    recovered: recovered(observation),
    values: Object.fromEntries(known),
  };
}

export function countsOf(observations: readonly Pick<Observation, 'state'>[]): Counts {
  const count = (state: Observation['state']): number => observations.filter((one) => one.state === state).length;
  return {
    asked: observations.length,
    conclusive: count('conclusive'),
    inconclusive: count('inconclusive'),
    broken: count('broken'),
    missing: count('missing'),
  };
}

export const conclusive = (observations: readonly Observation[]): readonly Observation[] =>
  observations.filter(({ state }) => state === 'conclusive');

export function shareOf(answers: readonly (boolean | null)[]): Share {
  const told = answers.filter((answer) => answer !== null);
  const yes = told.filter(Boolean).length;
  const interval = wilson(yes / told.length, told.length);
  return {
    yes,
    of: told.length,
    low: interval === null ? null : Number(interval.low.toFixed(4)),
    high: interval === null ? null : Number(interval.high.toFixed(4)),
    untold: answers.length - told.length,
  };
}

/** Of the conclusive runs among these. */
export function spreadOf(observations: readonly Observation[], metric: string): Spread {
  const counted = conclusive(observations);
  const bounds = counted.flatMap(({ values }) => boundsOf(values.get(metric)) ?? []);
  const [why] = counted.flatMap(({ values }) => {
    const value = values.get(metric);
    return typeof value === 'object' && 'unavailable' in value ? [value.unavailable] : [];
  });
  const none = bounds.length === 0;
  return {
    n: bounds.length,
    without: counted.length - bounds.length,
    withoutReason: why ?? null,
    median: none ? null : toJson(medianOf(bounds)),
    least: none ? null : toJson(leastOf(bounds)),
    most: none ? null : toJson(mostOf(bounds)),
  };
}

/** What a reader has to know of the runs beside their numbers. */
export function notesOn(observations: readonly Observation[]): string[] {
  const environments = new Set(observations.flatMap(({ environment }) => environment ?? []));
  return [
    ...(environments.size > 1
      ? [`the runs were made with different software or on different machines: ${[...environments].join(' | ')}`]
      : []),
    ...observations.flatMap(lossesOf),
  ];
}
