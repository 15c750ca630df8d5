import { readFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import type Docker from 'dockerode';
import { NODE_VERSION, TOXIPROXY } from '../harness/lab/images/catalogue.ts';

/**
 * A cell in which the machine was busier than this is not judged: it would say how fast the machine is, not how well
 * the harness keeps what it promises. Fixed before any run: 70 % of all cores, time stolen by the hypervisor counted
 * as busy. The same limit makes a run of a scenario inconclusive.
 */
export const CARRIES_UP_TO = 0.7;

/** Shares of all cores. `busy` contains `steal`. */
export interface CpuShares {
  readonly busy: number;
  readonly steal: number;
}

export const carried = (cpu: CpuShares): boolean => cpu.busy <= CARRIES_UP_TO;

export interface Machine {
  readonly cores: number;
  readonly processor: string;
  readonly memoryBytes: number;
  readonly kernel: string;
  readonly engine: string;
  readonly toxiproxy: string;
  /** Of the programs in the containers, and of the benchmark itself. */
  readonly node: string;
}

interface Ticks {
  readonly total: number;
  readonly idle: number;
  readonly steal: number;
}

/** Of all cores since boot, from the first line of /proc/stat (proc_stat(5)). */
function ticks(): Ticks {
  const line = readFileSync('/proc/stat', 'utf8').split('\n', 1)[0] ?? '';
  const [user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0, steal = 0] = line
    .trim()
    .split(/\s+/)
    .slice(1)
    .map(Number);
  return { total: user + nice + system + idle + iowait + irq + softirq + steal, idle: idle + iowait, steal };
}

/** Begins to watch the machine's CPUs; call what it returns to get the shares since. */
export function watchCpu(): () => CpuShares {
  const from = ticks();
  return () => {
    const to = ticks();
    const total = Math.max(1, to.total - from.total);
    return { busy: share(total - (to.idle - from.idle), total), steal: share(to.steal - from.steal, total) };
  };
}

const share = (part: number, whole: number): number => Number((part / whole).toFixed(3));

export async function describeMachine(docker: Docker): Promise<Machine> {
  const [first] = cpus();
  return {
    cores: cpus().length,
    processor: first?.model ?? 'unknown',
    memoryBytes: totalmem(),
    kernel: release(),
    engine: (await docker.version()).Version,
    toxiproxy: TOXIPROXY.version,
    node: process.versions.node === NODE_VERSION ? NODE_VERSION : `${process.versions.node} and ${NODE_VERSION}`,
  };
}
