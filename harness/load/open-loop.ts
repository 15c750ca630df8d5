import { monotonicMs } from '../time/monotonic.ts';

/**
 * Calls `arrive` at intended times that do not wait for anything: the n-th at `start + n / ratePerSecond`. A late
 * timer makes up for what it missed, with the intended time of each, so a stall of this process or of the system
 * under test shows in the latencies instead of thinning the load (coordinated omission).
 */
export function openLoop(ratePerSecond: number, arrive: (intendedMs: number) => void, signal: AbortSignal): void {
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
    timer = setTimeout(tick, Math.max(0, start + next * interval - monotonicMs()));
  };
  let timer = setTimeout(tick, 0);
  signal.addEventListener('abort', () => clearTimeout(timer), { once: true });
}
