import { z } from 'zod';
import type { FaultWords } from '../scenario/fault-language.ts';
import { strictObject } from '../scenario/zod-problems.ts';
import { between, shuffledNodes } from './bridge.ts';
import { cutKind, drawCut } from './cut.ts';

const words = strictObject({ zone: z.string(), kind: cutKind });

/**
 * Every node sees a majority, and no two see the same one (Jepsen's `majorities-ring`,
 * https://github.com/jepsen-io/jepsen): nodes stand in a circle in a drawn order, and see their neighbours on both
 * sides until those are a majority with themselves.
 */
export const ring: FaultWords<z.infer<typeof words>> = {
  kind: 'ring',
  summary: 'lets each of a zone’s nodes see another majority, its neighbours in a drawn circle',
  words,
  example: 'ring: { zone: use1-a, kind: drop }',

  draw({ zone, kind }, draw) {
    const circle = shuffledNodes(draw, zone, 4);
    const reach = Math.floor((Math.floor(circle.length / 2) + 1) / 2);
    const links = circle.flatMap((node, i) => {
      const far = circle.filter((_, j) => {
        const apart = Math.abs(i - j);
        // Each pair once.
        return j > i && Math.min(apart, circle.length - apart) > reach;
      });
      return between(draw, [node], far);
    });
    const because = `each of ${circle.join(', ')} saw only its ${reach} neighbours on either side: `;
    return drawCut(draw, [...new Set(links)], kind, { because });
  },
};
