import { monotonicMs } from '../time/monotonic.ts';

/** A timer of more than 2^31 − 1 ms would fire at once; one that finds nothing due is set again. */
const LONGEST_TIMER_MS = 60_000;

/**
 * Calls `arrive` at intended times that do not wait for anything: the n-th at `start + n / ratePerSecond`. A late
 * timer makes up for what it missed, with the intended time of each, so a stall of this process or of the system
 * under test shows in the latencies instead of thinning the load (coordinated omission). At a rate of 0 nothing is
 * ever due.
 */
export function openLoop(ratePerSecond: number, arrive: (intendedMs: number) => void, signal: AbortSignal): void {
  if (!(ratePerSecond > 0)) return;
  const interval = 1000 / ratePerSecond;
  const start = monotonicMs();
  let next = 0;
  const tick = (): void => {
    if (signal.aborted) return;
    const now = monotonicMs();
    while (start + next * interval <= now) {
      arrive(start + next * interval);
      next += 1;
    }
    timer = setTimeout(tick, Math.min(LONGEST_TIMER_MS, Math.max(0, start + next * interval - monotonicMs())));
  };
  let timer = setTimeout(tick, 0);
  signal.addEventListener('abort', () => clearTimeout(timer), { once: true });
}
