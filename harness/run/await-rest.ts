import { setTimeout as delay } from 'node:timers/promises';
import { monotonicMs } from '../time/monotonic.ts';

const POLL_MS = 100;

/**
 * Waits until starting the lab no longer keeps the machine busy: programs that have just begun to serve compile what
 * they do for the first time, and a baseline in that time would measure the start. A machine that does not come to
 * rest is no error here; the run's own measurements tell.
 *
 * @returns whether it came to rest within `limitMs`
 */
export async function awaitRest(
  live: { readonly machineRests: boolean },
  limitMs: number,
  signal: AbortSignal,
): Promise<boolean> {
  const deadline = monotonicMs() + limitMs;
  while (!live.machineRests) {
    if (monotonicMs() >= deadline) return false;
    await delay(POLL_MS, undefined, { signal });
  }
  return true;
}
