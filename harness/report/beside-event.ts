import { z } from 'zod';
import { measuredArithmetic, unitOf } from '../check/measured-arithmetic.ts';
import type { Measurements } from '../measure/measure-run.ts';
import type { PlanEventFact } from '../scenario/plan.ts';

const measuredSchema = z.strictObject({
  what: z.string(),
  metric: z.string().describe('A measurement, or arithmetic of some, as in an expectation'),
  unit: z.string().describe('Shares are 0..1, times are seconds'),
  value: z.number().nullable(),
  atLeast: z.number().nullable().describe('Lower bound, where the record ended before the value was known'),
  reason: z.string().nullable().describe('Why there is neither'),
});

/** What is publicly known of the scenario's event, and what the run measured beside it. */
export const besideEventSchema = z.strictObject({
  name: z.string(),
  source: z.string(),
  rows: z.array(
    z.strictObject({
      id: z.string(),
      what: z.string(),
      stated: z.string().describe('What the source states'),
      source: z.string(),
      measured: z.array(measuredSchema),
      notMeasuredReason: z.string().nullable().describe('Why a run of this scenario measures nothing of it'),
      differs: z.string().describe('Where the model differs from the event, and why'),
    }),
  ),
});
export type BesideEvent = z.infer<typeof besideEventSchema>;

/** Digits beyond these are noise of floating-point arithmetic. */
const DIGITS = 9;

/** The run beside its scenario's event; `undefined` where the scenario names none. */
export function besideEvent(measurements: Measurements): BesideEvent | undefined {
  const { event } = measurements.frame.plan;
  if (event === undefined) return undefined;
  return {
    name: event.name,
    source: event.source,
    rows: event.facts.map(({ measured, notMeasured, ...fact }) => ({
      ...fact,
      measured: measured.map((one) => measuredBeside(measurements, one)),
      notMeasuredReason: notMeasured,
    })),
  };
}

function measuredBeside(
  measurements: Measurements,
  { what, metric, unit }: PlanEventFact['measured'][number],
): z.infer<typeof measuredSchema> {
  const value = measuredArithmetic(measurements, metric);
  const base = { what, metric, unit: unit ?? unitOf(metric), value: null, atLeast: null, reason: null };
  if (typeof value === 'number') return { ...base, value: Number(value.toPrecision(DIGITS)) };
  if ('atLeast' in value) return { ...base, atLeast: Number(value.atLeast.toPrecision(DIGITS)) };
  return { ...base, reason: value.unavailable };
}
