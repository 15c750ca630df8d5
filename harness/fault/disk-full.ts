import { z } from 'zod';
import { strictObject } from '../scenario/zod-problems.ts';
import type { FaultKind, FaultTarget } from './fault.ts';
import { drawContainers, EITHER_EXPECTED, eitherContainersOrNodes, whichContainers } from './kill.ts';
import { containerTargets, list } from './words.ts';

const settings = z.strictObject({ leaveBytes: z.int().nonnegative() });
const words = strictObject({
  ...whichContainers,
  size: z.string().describe('Size of their file systems from the start of the run, such as 64MiB.'),
  leave: z.string().optional().describe('What is left free, such as 1MiB; left out, nothing.'),
}).refine(eitherContainersOrNodes, EITHER_EXPECTED);

const BALLAST = '.zonestorm-ballast';
/** More than a file system of the size asked for can be: the machine's own disk is never filled. */
const SIZE_TOLERANCE = 1.05;

/**
 * Fills a container's disk. It stands on a file system of its own and of limited size from the start of the run (in
 * memory, kept mounted by a keeper, so that it survives the container), never on the machine's disk. A ballast file
 * takes what is free; whatever the container frees meanwhile is free again.
 */
export const diskFull: FaultKind<z.infer<typeof words>, z.infer<typeof settings>> = {
  kind: 'disk-full',
  summary: 'fills the disks of containers, which are of limited size and their own',
  words,
  example: 'disk-full: { containers: [a1], size: 64MiB }',
  settings,

  draw({ size, leave, ...which }, draw) {
    const containers = drawContainers(which, draw);
    const sizeBytes = draw.bytes(size, ['size']);
    const leaveBytes = leave === undefined ? 0 : draw.bytes(leave, ['leave']);
    const without = containers.filter((id) => draw.laid.containers.find((one) => one.id === id)?.disks.length === 0);
    if (without.length > 0) draw.problem([], `${list(without, 'containers')} without a disk`, 'containers with a disk');
    if (leaveBytes >= sizeBytes && sizeBytes > 0) {
      draw.problem(['leave'], `${leaveBytes} bytes to leave of ${sizeBytes}`, 'less than the size');
    }
    if (containers.length === 0 || sizeBytes === 0) return [];
    return [
      {
        kind: 'disk-full',
        description: `the disks of ${list(containers, 'containers')} were full`,
        targets: containerTargets(draw.laid, containers),
        limitsDiskTo: sizeBytes,
        settings: { leaveBytes },
      },
    ];
  },

  async apply({ targets, limitsDiskTo, settings: { leaveBytes } }, { containers }, times) {
    await Promise.all(
      targets.containers.map(async (id) => {
        const { size } = await space(containers, id);
        if (limitsDiskTo === null || size > limitsDiskTo * SIZE_TOLERANCE) {
          throw new Error(`the disk of ${id} has ${size} bytes, which is no file system of its own`);
        }
        const { free } = await space(containers, id);
        // The end of the file system is where writing ends; that error is what is wanted.
        const bytes = Math.max(0, free - leaveBytes);
        await containers.runOnDisk(id, `head -c ${bytes} /dev/zero > ${BALLAST} 2> /dev/null || true`);
        times.at(id);
      }),
    );
  },

  async revert({ targets }, { containers }, times) {
    await Promise.all(
      targets.containers.map((id) => containers.runOnDisk(id, `rm -f ${BALLAST}`).then(() => times.at(id))),
    );
  },

  async probe({ targets }, { containers }) {
    const there = await Promise.all(
      targets.containers.map((id) => containers.runOnDisk(id, `stat -c %s ${BALLAST} 2> /dev/null || echo 0`)),
    );
    return there.filter((bytes) => Number(bytes) > 0).length / there.length;
  },
};

/** Bytes of the file system that a container's disk is on. */
async function space(containers: FaultTarget['containers'], id: string): Promise<{ size: number; free: number }> {
  const text = await containers.runOnDisk(id, 'df -B1 --output=size,avail . | tail -n 1');
  const [size = 0, free = 0] = text.trim().split(/\s+/).map(Number);
  return { size, free };
}
