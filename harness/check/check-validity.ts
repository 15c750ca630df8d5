import { LATE_MS } from '../measure/load-on-machine.ts';
import type { Measurements } from '../measure/measure-run.ts';
import type { Problem } from './problem.ts';

/** Above this the machine is saturated, and latencies and silences are its own: share of all CPUs. */
export const CPU_LIMIT = 0.7;
/** The part of its time in which a single container may be late: what a p99 allows, for any number of samples. */
const LATE_SHARE_LIMIT = 0.01;
/** Samples of which one lies beyond the p99. */
const FEWEST_FOR_P99 = 100;
/** Samples of the host below which a p95 would be a guess. */
const FEWEST_HOST_SAMPLES = 5;

/** Whether the machine and the observers were fit to measure anything. */
export function checkValidity({ machine }: Measurements): readonly Problem[] {
  const problems: string[] = [];
  const percent = (share: number) => `${(share * 100).toFixed(1)} %`;
  const { cpuSamples, cpuMedianShare, cpuP95Share } = machine;
  if (cpuSamples < FEWEST_HOST_SAMPLES) {
    problems.push(`only ${cpuSamples} samples of the machine’s CPU, ${FEWEST_HOST_SAMPLES} are needed`);
  }
  if (cpuMedianShare !== null && cpuMedianShare >= CPU_LIMIT) {
    problems.push(`the machine was saturated: median CPU ${percent(cpuMedianShare)}, limit ${percent(CPU_LIMIT)}`);
  }
  if (cpuP95Share !== null && cpuP95Share >= CPU_LIMIT) {
    problems.push(`the machine was saturated: p95 CPU ${percent(cpuP95Share)}, limit ${percent(CPU_LIMIT)}`);
  }
  for (const lag of machine.lag) {
    const late = lateness(lag);
    if (late !== null) problems.push(`${lag.who} ran late: ${late}`);
  }
  for (const { container, seconds, atSeconds } of machine.silent) {
    problems.push(`${container} told nothing for ${seconds.toFixed(1)} s, from ${atSeconds.toFixed(1)} s on`);
  }
  return problems.map((what) => ({ check: 'validity', what }));
}

/**
 * Of containers together a p99 of their samples. One by itself tells twice a second, which in a short run is too few for
 * a p99 that is not the worst sample: of it counts for how much of its time it was late, of enough samples the p99 too.
 */
function lateness({ samples, p99Ms, lateShare }: Measurements['machine']['lag'][number]): string | null {
  const isOne = lateShare !== undefined;
  if (p99Ms !== null && p99Ms >= LATE_MS && (!isOne || samples >= FEWEST_FOR_P99)) {
    return `p99 of the event loop’s lag ${p99Ms} ms, limit ${LATE_MS} ms`;
  }
  if (isOne && lateShare !== null && lateShare >= LATE_SHARE_LIMIT) {
    return `its event loop was ${LATE_MS} ms late or more for ${(lateShare * 100).toFixed(1)} % of its time, limit ${LATE_SHARE_LIMIT * 100} %`;
  }
  return null;
}
