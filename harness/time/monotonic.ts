/** Milliseconds of CLOCK_MONOTONIC: the same clock in every process and container of one kernel. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
