import type { FaultKind } from './fault.ts';

/**
 * SIGKILL to the only process of a container. Its disk is kept, and the kernel's page cache survives: this is a
 * crash of the process, not of the power. Reverted by starting the container again.
 */
export const kill: FaultKind<'kill'> = {
  kind: 'kill',
  summary: 'kills containers with SIGKILL; their disks are kept',

  describe: (fault) => `SIGKILL to ${fault.containers.join(', ')}`,

  async apply(fault, target) {
    await Promise.all(fault.containers.map((id) => target.killContainer(id)));
  },

  async revert(fault, target) {
    await Promise.all(fault.containers.map((id) => target.startContainer(id)));
  },

  async probe(fault, target) {
    const running = await Promise.all(fault.containers.map((id) => target.isRunning(id)));
    return running.filter((one) => !one).length / running.length;
  },
};
