/**
 * A lab of `ebs-2011` with `fast` takes about 1.1 cores (README); with four for each, all labs together stay under a
 * third of the machine, far from the 70 % at which a run becomes inconclusive, also when their peaks meet.
 */
const CORES = 4;
/** Some 25 containers of up to 100 MB, and as much again for the disks' cache. */
const BYTES = 4 * 1024 ** 3;

/** How many labs a machine carries side by side, at least 1. They still share its disk and its kernel. */
export const labsAtOnce = (cores: number, memoryBytes: number): number =>
  Math.max(1, Math.floor(Math.min(cores / CORES, memoryBytes / BYTES)));
