/** Bounds of everything the lab waits for, in one place, each with its reason. */
export const LIMITS = {
  /** Debian's dockerd is up in about 1 s; a busy first boot with a cold disk takes longer. */
  engineStartMs: 60_000,
  /** A local engine answers a ping in milliseconds; one that does not is not usable for a measurement. */
  enginePingMs: 5_000,
  /** An engine answers within milliseconds, makes a container in a tenth of a second; on a busy machine, in seconds. */
  engineCallMs: 30_000,
  /** What the engine is just making when a start is interrupted: as on a busy machine. */
  callsEndMs: 10_000,
  /** How often a run asks whether the engine is there. A ping costs it less than a millisecond. */
  engineWatchMs: 2_000,
  /** An engine that has answered no ping for so long is dead or wedged; under a full load the slowest took 0.1 s. */
  engineGoneMs: 15_000,
  /** What can be put back without the engine (Toxiproxy answers on 127.0.0.1) takes a few seconds. */
  putBackMs: 30_000,
  /** apt-get and a cold build on a slow mirror. */
  buildMs: 600_000,
  /** All images, each of them within the limit above. */
  prepareMs: 2_400_000,
  /** Containers that are made and started at the same time. */
  startConcurrency: 6,
  /**
   * Containers that are stopped at the same time. When many leave a network at once, Docker 20.10 sometimes counts an
   * endpoint too many and does not let the network go before it is restarted (docs/benchmarks.md). Its count is read,
   * changed and stored, and with three at once one may add to what another has not stored yet (`atomicIncDecEpCnt`,
   * https://github.com/moby/libnetwork/blob/master/endpoint_cnt.go). Two take no longer.
   */
  stopConcurrency: 2,
  /** A node waits for its peers and the control plane before it says that it is ready. */
  readyMs: 60_000,
  /** For the machine to come to rest after everything has been started; then the run begins in any case. */
  restMs: 6_000,
  /** A Toxiproxy that has not answered by then is wedged: https://github.com/Shopify/toxiproxy/issues/558 */
  toxiproxyMs: 2_500,
  /** Removing some forty containers takes 3 s; an engine that has died never answers. */
  cleanMs: 120_000,
  /** The logs of a long run are some 10 MB. */
  logsMs: 60_000,
  /**
   * Freezing, killing or starting one container takes a tenth of a second, and `ip` and `tc` inside one answer in a
   * millisecond; on a busy engine, seconds: of three labs at once with half of the CPUs, one `tc` took over 5.
   */
  containerMs: 30_000,
  /** A program answers an operator within milliseconds; one on a busy machine, within a second. */
  operatorMs: 10_000,
  /** A batch of volumes that are restored: their bytes cross the network. */
  restoreMs: 30_000,
  /** The engine ends the log of a container that has stopped within milliseconds. */
  logEndMs: 5_000,
  /** Time a program of the fixtures gets to print its last records after SIGTERM. */
  stopSeconds: 5,
  /** Writes of an address block that lose the race against another run. */
  blockAttempts: 64,
} as const;
