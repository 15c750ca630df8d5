import { z } from 'zod';
import type { FaultWords } from '../scenario/fault-language.ts';
import { strictObject } from '../scenario/zod-problems.ts';
import { drawContainers, drawKill, EITHER_EXPECTED, eitherContainersOrNodes, whichContainers } from './kill.ts';

const words = strictObject({
  ...whichContainers,
  down: z.string().optional().describe('How long they are down: a duration such as 2s; left out, as short as can be.'),
}).refine(eitherContainersOrNodes, EITHER_EXPECTED);

/** A kill that is put back by itself after a set time, whatever else goes on. */
export const restart: FaultWords<z.infer<typeof words>> = {
  kind: 'restart',
  summary: 'kills containers and starts them again at once or after a set time',
  words,
  endsByItself: true,
  example: 'restart: { containers: [a1], down: 500ms }',
  draw: ({ down = '0s', ...which }, draw) =>
    drawKill(draw, drawContainers(which, draw), 'restarted', draw.seconds(down, ['down'])),
};
