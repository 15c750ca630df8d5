import { z } from 'zod';
import { strictObject } from '../scenario/zod-problems.ts';
import type { FaultKind } from './fault.ts';
import { drawContainers, EITHER_EXPECTED, eitherContainersOrNodes, whichContainers } from './kill.ts';
import { containerTargets, list } from './words.ts';

const settings = z.strictObject({ cpus: z.number().positive() });
/** The kernel refuses a quota below 1 ms of its period of 100 ms. */
const LEAST_CPUS = 0.01;
const words = strictObject({
  ...whichContainers,
  to: z
    .number({ error: 'a number of CPUs such as 0.1' })
    .min(LEAST_CPUS, { error: `at least ${LEAST_CPUS} of a CPU` })
    .describe('So many CPUs at most, such as 0.1 for a tenth of one.'),
}).refine(eitherContainersOrNodes, EITHER_EXPECTED);

/**
 * Starves a container of CPU by the kernel's bandwidth control (`cpu.cfs_quota_us`, `cpu.max`). Nothing is burnt on
 * the machine for it, which is what would be measured otherwise.
 */
export const cpu: FaultKind<z.infer<typeof words>, z.infer<typeof settings>> = {
  kind: 'cpu',
  summary: 'gives containers less CPU, without loading the machine',
  words,
  example: 'cpu: { containers: [a1], to: 0.1 }',
  settings,

  draw({ to, ...which }, draw) {
    const containers = drawContainers(which, draw);
    if (containers.length === 0) return [];
    const description = `${list(containers, 'containers')} had ${to} of a CPU`;
    const targets = containerTargets(draw.laid, containers);
    return [{ kind: 'cpu', description, targets, silences: containers, settings: { cpus: to } }];
  },

  async apply({ targets, settings: { cpus } }, { containers }, times) {
    await Promise.all(targets.containers.map((id) => containers.limitCpu(id, cpus).then(() => times.at(id))));
  },

  async revert({ targets }, { containers }, times) {
    await Promise.all(targets.containers.map((id) => containers.limitCpu(id, null).then(() => times.at(id))));
  },

  async probe({ targets, settings: { cpus } }, { containers }) {
    const limits = await Promise.all(targets.containers.map((id) => containers.cpuLimit(id)));
    return limits.filter((limit) => limit !== null && Math.abs(limit / cpus - 1) < 0.02).length / limits.length;
  },
};
