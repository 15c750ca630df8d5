import { z } from 'zod';

/**
 * What is known of a number: that it lies from `low` to `high`, which are equal where it is known. A time that had
 * not ended when its record did has no upper end (`high` is Infinity). Calculating with both ends instead of leaving
 * such values out, or taking their bound for the value, is what keeps a storm that never ended from looking short.
 */
export interface Bounds {
  readonly low: number;
  readonly high: number;
}

export const exactly = (value: number): Bounds => ({ low: value, high: value });
export const atLeast = (value: number): Bounds => ({ low: value, high: Number.POSITIVE_INFINITY });

export const minus = (a: Bounds, b: Bounds): Bounds => ({ low: a.low - b.high, high: a.high - b.low });

/** The bounds of the list's median. Of none: nothing is known. */
export function medianOf(values: readonly Bounds[]): Bounds {
  if (values.length === 0) return { low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY };
  return { low: median(values.map(({ low }) => low)), high: median(values.map(({ high }) => high)) };
}

export const leastOf = (values: readonly Bounds[]): Bounds => ({
  low: Math.min(...values.map(({ low }) => low)),
  high: Math.min(...values.map(({ high }) => high)),
});

export const mostOf = (values: readonly Bounds[]): Bounds => ({
  low: Math.max(...values.map(({ low }) => low)),
  high: Math.max(...values.map(({ high }) => high)),
});

/** The mean of the two in the middle where their number is even. */
export function median(numbers: readonly number[]): number {
  const sorted = Float64Array.from(numbers).sort();
  const half = sorted.length >> 1;
  const upper = sorted[half] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[half - 1] ?? Number.NaN) + upper) / 2;
}

/** As JSON has it, which knows no infinity. */
export const boundsSchema = z.strictObject({
  atLeast: z.number().nullable().describe('`null`: no lower bound is known'),
  atMost: z
    .number()
    .nullable()
    .describe('Equal to `atLeast` where the value is known; `null`: no upper bound is known'),
});
export type BoundsJson = z.infer<typeof boundsSchema>;

/** Digits beyond these are noise of floating-point arithmetic. */
const DIGITS = 9;

export const toJson = ({ low, high }: Bounds): BoundsJson => ({
  atLeast: Number.isFinite(low) ? Number(low.toPrecision(DIGITS)) : null,
  atMost: Number.isFinite(high) ? Number(high.toPrecision(DIGITS)) : null,
});

export const fromJson = (json: BoundsJson): Bounds => ({
  low: json.atLeast ?? Number.NEGATIVE_INFINITY,
  high: json.atMost ?? Number.POSITIVE_INFINITY,
});
