import { z } from 'zod';
import { round } from './rounding.ts';

/** One operation's time from its intended start. Censored: it had not succeeded by then, and took longer or for ever. */
export interface LatencySample {
  readonly ms: number;
  readonly censored: boolean;
}

const nullable = z.number().nullable();
const atLeast = z.boolean().describe('True: a lower bound, the operation at this rank did not succeed');

export const latencySchema = z.strictObject({
  n: z.number().describe('Operations counted, with those that failed or never finished'),
  p50Ms: nullable,
  p50AtLeast: atLeast,
  p95Ms: nullable,
  p95AtLeast: atLeast,
  p99Ms: nullable,
  p99AtLeast: atLeast,
  maxMs: nullable,
  maxAtLeast: atLeast,
  reason: z.string().nullable().describe('Why percentiles are missing'),
});
export type Latency = z.infer<typeof latencySchema>;

interface Ranked {
  readonly ms: number;
  readonly atLeast: boolean;
}

/**
 * Nearest-rank percentiles. An operation without success ranks slower than every success, whenever it gave up: a
 * quick refusal must not make a percentile look better. A percentile needs as many samples as give its rank one
 * sample beyond it: p50 2, p95 20, p99 100.
 */
export function latencyOf(samples: readonly LatencySample[]): Latency {
  const exact = samples.filter((sample) => !sample.censored).map((sample) => sample.ms);
  exact.sort((a, b) => a - b);
  const floor = exact.at(-1) ?? 0;
  const censored = samples.filter((sample) => sample.censored).map((sample) => Math.max(floor, sample.ms));
  censored.sort((a, b) => a - b);
  const n = samples.length;
  const rank = (position: number): Ranked | null => {
    const ms = exact[position - 1] ?? censored[position - 1 - exact.length];
    return ms === undefined ? null : { ms: round(ms, 2), atLeast: position > exact.length };
  };
  const quantile = (share: number) => (n * (1 - share) + 1e-9 < 1 ? null : rank(Math.ceil(share * n - 1e-9)));
  const p50 = quantile(0.5);
  const p95 = quantile(0.95);
  const p99 = quantile(0.99);
  const max = rank(n);
  return {
    n,
    p50Ms: p50?.ms ?? null,
    p50AtLeast: p50?.atLeast ?? false,
    p95Ms: p95?.ms ?? null,
    p95AtLeast: p95?.atLeast ?? false,
    p99Ms: p99?.ms ?? null,
    p99AtLeast: p99?.atLeast ?? false,
    maxMs: max?.ms ?? null,
    maxAtLeast: max?.atLeast ?? false,
    reason:
      n >= 100
        ? null
        : `${n} operations are too few for p${n >= 20 ? '99' : n >= 2 ? '95 and p99' : '50, p95 and p99'}`,
  };
}
