import { z } from 'zod';
import { blockInterval } from './block-interval.ts';
import { type Frame, type Window, within } from './frame.ts';
import { type LatencySample, latencyOf, latencySchema } from './latency.ts';
import { round, toShare } from './rounding.ts';

/** One operation of an open-loop load. `ended: null`: it never finished, as far as `seenUntilT`. */
export interface Operation {
  readonly intended: number;
  readonly ended: number | null;
  readonly seenUntilT: number;
  readonly outcome: 'ok' | 'failed' | 'unknown' | 'unfinished';
  readonly reason: string | null;
}

const nullableShare = z.number().nullable();

export const operationsSchema = z.strictObject({
  period: z.string().describe('`overall`, or a phase: operations whose intended start falls into it'),
  offered: z.number(),
  ok: z.number(),
  failed: z.number(),
  unknown: z.number().describe('Ended without telling whether they took effect'),
  unfinished: z.number(),
  availability: nullableShare.describe('ok ÷ offered: failed, unknown and unfinished count against it'),
  availabilityLow95: nullableShare.describe(
    'Interval of 95 % over blocks of time, which counts outages and not operations; over operations as if independent (Wilson) where `intervalBlocks` is left out',
  ),
  availabilityHigh95: nullableShare,
  intervalBlocks: z
    .strictObject({ count: z.number(), seconds: z.number() })
    .nullable()
    .optional()
    .describe('How many blocks the interval is over, and how long each is'),
  intervalReason: z.string().nullable().optional().describe('Why there is no interval'),
  reasons: z.record(z.string(), z.number()).describe('How many of those not ok gave which reason'),
  latency: latencySchema.describe('From the intended start'),
});
export type Operations = z.infer<typeof operationsSchema>;

/** One summary for the whole measurement and one for each phase. */
export function summarise(frame: Frame, operations: readonly Operation[]): readonly Operations[] {
  const periods = [{ name: 'overall', ...frame.measured }, ...frame.phases];
  return periods.map((period) =>
    summariseAs(
      period.name,
      operations.filter((operation) => within(period, operation.intended)),
      period,
    ),
  );
}

/** @param window when they were due; without it there is no interval */
export function summariseAs(period: string, operations: readonly Operation[], window?: Window): Operations {
  const count = (outcome: Operation['outcome']) =>
    operations.reduce((sum, operation) => sum + (operation.outcome === outcome ? 1 : 0), 0);
  const ok = count('ok');
  const trials = operations.map(({ intended, outcome }) => ({ t: intended, ok: outcome === 'ok' }));
  const found = window === undefined ? 'not asked for' : blockInterval(trials, window);
  const interval = typeof found === 'string' ? null : found;
  return {
    period,
    offered: operations.length,
    ok,
    failed: count('failed'),
    unknown: count('unknown'),
    unfinished: count('unfinished'),
    availability: operations.length === 0 ? null : toShare(ok / operations.length),
    availabilityLow95: interval === null ? null : toShare(interval.low),
    availabilityHigh95: interval === null ? null : toShare(interval.high),
    intervalBlocks: interval === null ? null : { count: interval.blocks, seconds: round(interval.blockSeconds, 3) },
    intervalReason: typeof found === 'string' ? found : null,
    reasons: countReasons(operations),
    latency: latencyOf(operations.map(latencySampleOf)),
  };
}

export const latencySampleOf = (operation: Operation): LatencySample => ({
  ms: (operation.ended ?? operation.seenUntilT) - operation.intended,
  censored: operation.outcome !== 'ok',
});

function countReasons(operations: readonly Operation[]): Record<string, number> {
  const reasons = new Map<string, number>();
  for (const { outcome, reason } of operations) {
    if (outcome === 'ok') continue;
    const key = reason ?? outcome;
    reasons.set(key, (reasons.get(key) ?? 0) + 1);
  }
  return Object.fromEntries([...reasons].sort(([a], [b]) => (a < b ? -1 : 1)));
}
