import { z } from 'zod';
import type { FaultWords } from '../scenario/fault-language.ts';
import { strictObject } from '../scenario/zod-problems.ts';
import { cutKind } from './cut.ts';
import { drawIsolation } from './isolate.ts';
import { drawContainers, EITHER_EXPECTED, eitherContainersOrNodes, whichContainers } from './kill.ts';

const words = strictObject({
  ...whichContainers,
  kind: cutKind,
  step: z.string().describe('From one cut to the next, and from one healing to the next, such as 500ms.'),
  hold: z.string().optional().describe('From the last cut to the first healing; left out, as long as a step.'),
}).refine(eitherContainersOrNodes, EITHER_EXPECTED);

/**
 * Cuts containers off one by one, and heals them one by one in another order (FoundationDB's swizzle-clogging,
 * https://apple.github.io/foundationdb/testing.html). Both orders are drawn by the seed.
 */
export const swizzle: FaultWords<z.infer<typeof words>> = {
  kind: 'swizzle',
  summary: 'isolates containers one by one and heals them in another order',
  words,
  endsByItself: true,
  example: 'swizzle: { zone: use1-a, nodes: { pick: 3 }, kind: drop, step: 100ms }',

  draw({ kind, step: stepText, hold: holdText, ...which }, draw) {
    const order = draw.random.shuffled(drawContainers(which, draw));
    const step = draw.seconds(stepText, ['step']);
    const hold = holdText === undefined ? step : draw.seconds(holdText, ['hold']);
    const healing = draw.random.shuffled(order);
    const firstHealing = (order.length - 1) * step + hold;
    const length = firstHealing + (order.length - 1) * step;
    if (draw.secondsLeft !== null && length > draw.secondsLeft) {
      draw.problem(
        ['step'],
        `a swizzle of ${length} s`,
        `at most the ${draw.secondsLeft} s that are left of its phase`,
      );
    }
    return order.flatMap((id, i) => {
      const afterSeconds = i * step;
      const healedAt = firstHealing + healing.indexOf(id) * step;
      return drawIsolation(draw, [id], kind, { afterSeconds, forSeconds: healedAt - afterSeconds });
    });
  },
};
