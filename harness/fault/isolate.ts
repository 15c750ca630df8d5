import type { z } from 'zod';
import type { Draw, Drawn, FaultWords } from '../scenario/fault-language.ts';
import { strictObject } from '../scenario/zod-problems.ts';
import { type CutKind, cutKind, drawCut } from './cut.ts';
import { drawContainers, whichContainers } from './kill.ts';
import { list, wasOrWere } from './words.ts';

/** Links with exactly one end inside. Clients from outside the zones are outside. */
export function crossing(draw: Draw, inside: readonly string[]): string[] {
  const set = new Set(inside);
  return draw.laid.links.filter((link) => set.has(link.source) !== set.has(link.destination)).map(({ id }) => id);
}

/** A cut of everything between these containers and all others. */
export function drawIsolation(
  draw: Draw,
  inside: readonly string[],
  kind: CutKind,
  time: Pick<Drawn, 'afterSeconds' | 'forSeconds'> = {},
): Drawn[] {
  const nodes = draw.laid.containers.filter((one) => inside.includes(one.id) && one.role === 'node');
  return drawCut(draw, crossing(draw, inside), kind, {
    ...time,
    because: `${list(inside, 'containers')} ${wasOrWere(inside)} isolated: `,
    // Of several, two that hold one volume do not lose one another.
    losesPartnersOf: nodes.length === 1 ? nodes.map(({ id }) => id) : null,
  });
}

const words = strictObject({ ...whichContainers, kind: cutKind }).refine(
  ({ containers, zone, nodes }) =>
    (containers === undefined) !== (zone === undefined) && (nodes === undefined || zone !== undefined),
  { error: '`containers`, or `zone`, or `zone` and `nodes`' },
);

/** A node, a zone or a set apart from everything else; inside the set all goes on. */
export const isolate: FaultWords<z.infer<typeof words>> = {
  kind: 'isolate',
  summary: 'cuts all links between a set of containers, or a zone, and everything else',
  words,
  example: 'isolate: { zone: use1-a, nodes: { pick: 1 }, kind: drop }',

  draw({ kind, ...which }, draw) {
    const whole = which.zone !== undefined && which.nodes === undefined;
    if (whole && !draw.zone(which.zone ?? '', ['zone'])) return [];
    const inside = whole
      ? draw.laid.containers.filter((one) => one.zone === which.zone).map(({ id }) => id)
      : drawContainers(which, draw);
    return inside.length === 0 ? [] : drawIsolation(draw, inside, kind);
  },
};
