/** Milliseconds of CLOCK_MONOTONIC: the same clock in every process and container of one kernel. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/**
 * The same of a time of the wall clock (RFC 3339), such as an engine tells of what it has just done: what lies between
 * is short, so that a clock that is set meanwhile is no matter. `null`: it is no time.
 */
export function monotonicOf(wallClock: string | undefined): number | null {
  const at = Date.parse(wallClock ?? '');
  return Number.isNaN(at) ? null : monotonicMs() - (Date.now() - at);
}
