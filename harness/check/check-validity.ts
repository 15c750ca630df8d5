import type { Measurements } from '../measure/measure-run.ts';
import type { Problem } from './problem.ts';

/** Above this the machine is saturated, and latencies and silences are its own: share of all CPUs. */
export const CPU_LIMIT = 0.7;
/** An event loop that runs later than this cannot time what it observes, ms. */
export const LAG_LIMIT_MS = 50;
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
  for (const { who, p99Ms } of machine.lag) {
    if (p99Ms !== null && p99Ms >= LAG_LIMIT_MS) {
      problems.push(`${who} ran late: p99 of the event loop’s lag ${p99Ms} ms, limit ${LAG_LIMIT_MS} ms`);
    }
  }
  for (const { container, seconds, atSeconds } of machine.silent) {
    problems.push(`${container} told nothing for ${seconds.toFixed(1)} s, from ${atSeconds.toFixed(1)} s on`);
  }
  return problems.map((what) => ({ check: 'validity', what }));
}
