import { z } from 'zod';
import { strictObject } from '../scenario/zod-problems.ts';
import type { FaultKind } from './fault.ts';
import { drawContainers, EITHER_EXPECTED, eitherContainersOrNodes, whichContainers } from './kill.ts';
import { containerTargets, list, wasOrWere } from './words.ts';

const words = strictObject(whichContainers).refine(eitherContainersOrNodes, EITHER_EXPECTED);

/**
 * Freezes every process of a container (the kernel's freezer). Its connections stay open, and its kernel goes on
 * accepting and acknowledging what fits into buffers: a hang, not a crash. It lasts from when the engine was read back to
 * have it frozen until it was read back as thawed.
 */
export const pause: FaultKind<z.infer<typeof words>> = {
  kind: 'pause',
  summary: 'freezes containers; their connections stay open, and they go on where they were',
  words,
  example: 'pause: { zone: use1-a, nodes: { pick: 1 } }',
  settings: z.strictObject({}),

  draw(asked, draw) {
    const containers = drawContainers(asked, draw);
    if (containers.length === 0) return [];
    const description = `${list(containers, 'containers')} ${wasOrWere(containers)} frozen`;
    const targets = containerTargets(draw.laid, containers);
    return [{ kind: 'pause', description, targets, silences: containers, losesPartnersOf: containers, settings: {} }];
  },

  async apply({ targets }, { containers }, times) {
    await Promise.all(
      targets.containers.map(async (id) => {
        await containers.pause(id);
        // What is not frozen by then is told by the probe.
        if ((await containers.state(id)).paused) times.at(id);
      }),
    );
  },

  async revert({ targets }, { containers }, times) {
    await Promise.all(
      targets.containers.map(async (id) => {
        await containers.unpause(id);
        if (!(await containers.state(id)).paused) times.at(id);
      }),
    );
  },

  async probe({ targets }, { containers }) {
    const states = await Promise.all(targets.containers.map((id) => containers.state(id)));
    return states.filter(({ paused }) => paused).length / states.length;
  },
};
