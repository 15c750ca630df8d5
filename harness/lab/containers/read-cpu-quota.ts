import { readFile } from 'node:fs/promises';

/**
 * A container's CPU quota, read from outside of its control group: a program that is run inside to read it has to share
 * what little CPU a fault leaves there, and took 0.6 s of the fault's time at 0.05 of a CPU.
 *
 * @param pid of its first process, as the engine tells it
 * @param containerId is part of its group's path. In another PID namespace than the engine's the pid may be somebody else's.
 * @returns the text of `cpu.cfs_quota_us` (version 1 of control groups) or `cpu.max` (version 2); `null` where neither is
 * seen from here
 */
export async function readCpuQuota(pid: number, containerId: string): Promise<string | null> {
  const groups = await readFile(`/proc/${pid}/cgroup`, 'utf8').catch(() => '');
  for (const line of groups.split('\n')) {
    const [, controllers = '', path = ''] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    if (!path.includes(containerId)) continue;
    const isOfVersion1 = controllers.split(',').includes('cpu');
    const file = isOfVersion1 ? `/sys/fs/cgroup/cpu${path}/cpu.cfs_quota_us` : `/sys/fs/cgroup${path}/cpu.max`;
    const text = await readFile(file, 'utf8').catch(() => null);
    if (text !== null) return text;
  }
  return null;
}
