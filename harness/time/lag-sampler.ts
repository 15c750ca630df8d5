import { monitorEventLoopDelay } from 'node:perf_hooks';

/** Event-loop delay of this process since the last `take`, milliseconds: the p99, or what has not been told yet. */
export interface LagSampler {
  take(): number;
}

/**
 * Node's histogram holds the time between two ticks of a timer, so an idle loop shows the timer's resolution: it is
 * subtracted. At 50 ticks a second a window of half a second has 25 samples, whose p99 is the worst of them.
 *
 * A tick that is late is told when it comes, and `reset` forgets what it has waited by then. After a standstill the
 * timer of whoever takes may come first: seen as 0.1 ms after 1.2 s. So time that no tick has told of counts as well,
 * but for the two ticks that any window may lack, at its begin and its end.
 *
 * @param resolutionMs between two ticks
 */
export function startLagSampler(resolutionMs = 20): LagSampler {
  const histogram = monitorEventLoopDelay({ resolution: resolutionMs });
  histogram.enable();
  let takenAt = performance.now();
  return {
    take() {
      const now = performance.now();
      const { count, mean } = histogram;
      const [p99Ms, toldMs] = count === 0 ? [0, 0] : [histogram.percentile(99) / 1e6, (mean * count) / 1e6];
      const untoldMs = now - takenAt - toldMs - 2 * resolutionMs;
      takenAt = now;
      histogram.reset();
      return Math.max(0, Math.round(Math.max(p99Ms - resolutionMs, untoldMs) * 100) / 100);
    },
  };
}
