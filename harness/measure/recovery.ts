import type { Window } from './frame.ts';
import { toSeconds } from './rounding.ts';
import type { StepCount } from './step-count.ts';

/** A recovery must last this long to count, ms. */
const HOLD_MS = 5000;

/** When something was well again: a time, or a lower bound and why it is no more than that. */
export interface Recovery {
  /** False: there was nothing to recover from. */
  readonly needed: boolean;
  readonly seconds: number | null;
  readonly reason: string | null;
  /** It took at least this long; `null` when the time is known or there was nothing to recover from. */
  readonly atLeastSeconds: number | null;
  /** How long the recovered state was seen to hold, seconds: at least 5, or until the record ends. */
  readonly heldSeconds: number | null;
}

export interface RecoveryQuestion {
  readonly count: StepCount;
  readonly well: (count: number) => boolean;
  /** From the trigger's end to the end of what was measured. */
  readonly window: Window;
  /** The last stretch of the record in which being unwell could not show yet, ms. */
  readonly blindMs: number;
}

/**
 * Time from the window's start until the count is well and stays so for 5 s, or until the record ends if that is
 * sooner (but later than the blind stretch, in which nothing could contradict it). Exact to the event.
 */
export function recoveryIn({ count, well, window, blindMs }: RecoveryQuestion): Recovery {
  let since: number | null = null;
  for (const stretch of count.stretches(window.startT, window.endT)) {
    if (!well(stretch.count)) since = null;
    else since ??= stretch.startT;
    if (since !== null && stretch.endT - since >= HOLD_MS) break;
  }
  if (since === null || window.endT - since <= blindMs) {
    const seconds = toSeconds(window.endT - window.startT);
    const reason = `not recovered within ${seconds.toFixed(1)} s after the trigger`;
    return { needed: true, seconds: null, reason, atLeastSeconds: seconds, heldSeconds: null };
  }
  return {
    needed: true,
    seconds: toSeconds(since - window.startT),
    reason: null,
    atLeastSeconds: null,
    heldSeconds: heldFrom(count, well, since, window.endT),
  };
}

function heldFrom(count: StepCount, well: (count: number) => boolean, since: number, endT: number): number {
  const unwell = count.stretches(since, endT).find((stretch) => !well(stretch.count));
  return toSeconds((unwell?.startT ?? endT) - since);
}
