import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { OpenLoop } from '../../../fixtures/storage/instances/open-loop.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** Due at 10, 20, 30 … on a clock that the test advances together with the timers, or alone. */
function everyTenMs() {
  let clock = 0;
  let due = 0;
  const arrivals: { intended: number; at: number }[] = [];
  const loop = new OpenLoop({
    next: () => {
      due += 10;
      return due;
    },
    now: () => clock,
    onArrival: (intended) => arrivals.push({ intended, at: clock }),
  });
  return {
    loop,
    arrivals,
    pass(ms: number) {
      for (let step = 0; step < ms; step += 1) {
        clock += 1;
        vi.advanceTimersByTime(1);
      }
    },
    /** Time passes and no timer fires: the process is descheduled. */
    freeze(ms: number) {
      clock += ms;
    },
  };
}

describe('OpenLoop', () => {
  it('calls at due times', () => {
    const { arrivals, pass } = everyTenMs();
    pass(35);
    expect(arrivals).toEqual([10, 20, 30].map((ms) => ({ intended: ms, at: ms })));
  });

  it('makes up for every arrival it missed, each with the time it was due', () => {
    const { arrivals, pass, freeze } = everyTenMs();
    pass(15);
    freeze(100);
    pass(5);
    expect(arrivals.map(({ intended }) => intended)).toEqual([10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 110, 120]);
    expect(arrivals[1]?.at).toBeGreaterThanOrEqual(115);
  });

  it('stops', () => {
    const { loop, arrivals, pass } = everyTenMs();
    pass(15);
    loop.stop();
    pass(100);
    expect(arrivals.length).toBe(1);
  });
});
