import { z } from 'zod';
import type { Draw, Drawn } from '../scenario/fault-language.ts';
import { type ContainerSelector, containerSelector, type NodeSelector, nodeSelector } from '../scenario/selectors.ts';
import { strictObject } from '../scenario/zod-problems.ts';
import { monotonicOf } from '../time/monotonic.ts';
import type { FaultKind } from './fault.ts';
import { containerTargets, list, wasOrWere } from './words.ts';

const settings = z.strictObject({});

/** Containers, or nodes of a zone: the words of every fault that is done to containers. */
export const whichContainers = {
  containers: containerSelector.optional(),
  zone: z.string().optional(),
  nodes: nodeSelector.optional(),
};
export interface WhichContainers {
  readonly containers?: ContainerSelector | undefined;
  readonly zone?: string | undefined;
  readonly nodes?: NodeSelector | undefined;
}
export const eitherContainersOrNodes = (words: WhichContainers): boolean =>
  (words.containers === undefined) !== (words.zone === undefined) &&
  (words.zone === undefined) === (words.nodes === undefined);
export const EITHER_EXPECTED = { error: 'either `containers`, or `zone` and `nodes`' } as const;

export function drawContainers(words: WhichContainers, draw: Draw): string[] {
  if (words.containers !== undefined) return draw.containers(words.containers, ['containers']);
  if (words.zone === undefined || words.nodes === undefined || !draw.zone(words.zone, ['zone'])) return [];
  return draw.nodes(words.zone, words.nodes, ['nodes']);
}

/** A kill of these containers, for this fault and for a restart. */
export function drawKill(draw: Draw, containers: readonly string[], done: string, forSeconds?: number): Drawn[] {
  if (containers.length === 0) return [];
  return [
    {
      kind: 'kill',
      description: `${list(containers, 'containers')} ${wasOrWere(containers)} ${done}`,
      ...(forSeconds === undefined ? {} : { forSeconds }),
      targets: containerTargets(draw.laid, containers),
      silences: containers,
      losesPartnersOf: forSeconds === undefined ? containers : null,
      settings: {},
    },
  ];
}

const words = strictObject(whichContainers).refine(eitherContainersOrNodes, EITHER_EXPECTED);

/**
 * SIGKILL to the only process of a container. Its disk is kept, and the kernel's page cache survives: this is a
 * crash of the process, not of the power. Reverted by starting the container again, which takes an engine some 200 ms. It
 * lasts from when the engine says that the container ended until it says that it runs again.
 */
export const kill: FaultKind<z.infer<typeof words>> = {
  kind: 'kill',
  summary: 'kills containers with SIGKILL; their disks are kept, and they are started again at its end',
  words,
  example: 'kill: { zone: use1-a, nodes: { pick: 1 } }',
  settings,

  draw: (asked, draw) => drawKill(draw, drawContainers(asked, draw), 'down'),

  async apply({ targets }, { containers }, times) {
    await Promise.all(
      targets.containers.map(async (id) => {
        await containers.kill(id);
        times.at(id, monotonicOf((await containers.state(id)).finishedAt));
      }),
    );
  },

  async revert({ targets }, { containers }, times) {
    await Promise.all(
      targets.containers.map(async (id) => {
        await containers.start(id);
        times.at(id, monotonicOf((await containers.state(id)).startedAt));
      }),
    );
  },

  leadMs: (_, { containers }) => containers.startMs,

  async probe({ targets }, { containers }) {
    const states = await Promise.all(targets.containers.map((id) => containers.state(id)));
    return states.filter(({ running }) => !running).length / states.length;
  },
};
