import { z } from 'zod';
import type { Draw, FaultWords } from '../scenario/fault-language.ts';
import { strictObject } from '../scenario/zod-problems.ts';
import { cutKind, drawCut } from './cut.ts';

/** Links between nodes of one set and nodes of the other, either way. */
export function between(draw: Draw, one: readonly string[], other: readonly string[]): string[] {
  const pairs = (a: string, b: string): boolean =>
    (one.includes(a) && other.includes(b)) || (other.includes(a) && one.includes(b));
  return draw.laid.links.filter((link) => pairs(link.source, link.destination)).map(({ id }) => id);
}

export function shuffledNodes(draw: Draw, zone: string, least: number): string[] {
  if (!draw.zone(zone, ['zone'])) return [];
  const nodes = draw.laid.containers.filter((one) => one.zone === zone && one.role === 'node').map(({ id }) => id);
  if (nodes.length < least) {
    draw.problem(['zone'], `${nodes.length} nodes in ${zone}`, `at least ${least}`);
    return [];
  }
  return draw.random.shuffled(nodes);
}

const words = strictObject({ zone: z.string(), kind: cutKind });

/**
 * Two halves that cannot see one another, and one node between that sees both (Jepsen's `bridge`,
 * https://github.com/jepsen-io/jepsen). Who is where is drawn by the seed.
 */
export const bridge: FaultWords<z.infer<typeof words>> = {
  kind: 'bridge',
  summary: 'parts a zone’s nodes in two halves with one node between that sees both',
  words,
  example: 'bridge: { zone: use1-a, kind: drop }',

  draw({ zone, kind }, draw) {
    const [middle, ...others] = shuffledNodes(draw, zone, 3);
    if (middle === undefined) return [];
    const half = Math.ceil(others.length / 2);
    const [left, right] = [others.slice(0, half), others.slice(half)];
    const because = `${left.join(', ')} and ${right.join(', ')} saw one another only through ${middle}: `;
    return drawCut(draw, between(draw, left, right), kind, { because });
  },
};
