import { z } from 'zod';
import type { FaultWords } from '../scenario/fault-language.ts';
import { linkSelector } from '../scenario/selectors.ts';
import { strictObject } from '../scenario/zod-problems.ts';
import { cutKind, drawCut } from './cut.ts';

const FLAPS_MAX = 1000;
const words = strictObject({
  links: linkSelector,
  kind: cutKind,
  down: z.string().describe('How long each cut lasts, such as 300ms.'),
  up: z.string().describe('How long the links are whole between two cuts, such as 700ms.'),
  jitter: z.union([z.string(), z.number()]).optional().describe('A share such as 20%, drawn around each `up`.'),
});

/** Links that go down and up, again and again, until the fault or its phase ends; each cut stands in the plan. */
export const flap: FaultWords<z.infer<typeof words>> = {
  kind: 'flap',
  summary: 'cuts links and heals them again and again',
  words,
  example: 'flap: { links: ["a1->a2@*"], kind: refuse, down: 300ms, up: 700ms }',

  draw({ links: asked, kind, down: downText, up: upText, jitter = 0 }, draw) {
    const links = draw.links(asked, ['links']);
    const down = draw.seconds(downText, ['down']);
    const up = draw.seconds(upText, ['up']);
    const share = draw.share(jitter, ['jitter']);
    const length = draw.forSeconds ?? draw.secondsLeft;
    if (length === null) {
      draw.problem([], 'a flap without an end', '`for` with it, in a phase that waits for a condition');
      return [];
    }
    if (down <= 0 || up <= 0) {
      draw.problem([down <= 0 ? 'down' : 'up'], '0 s', 'a duration above 0');
      return [];
    }
    if (length / (down + up) > FLAPS_MAX) {
      draw.problem([], `${Math.floor(length / (down + up))} cuts`, `at most ${FLAPS_MAX}`);
      return [];
    }
    const cuts = [];
    for (let at = 0; at < length; ) {
      const lasts = Math.min(down, length - at);
      cuts.push(...drawCut(draw, links, kind, { afterSeconds: at, forSeconds: lasts, because: 'flapping, ' }));
      // Whole milliseconds, or the sum would drift past the last cut.
      at = Math.round((at + down + up * (1 + share * (2 * draw.random.next() - 1))) * 1000) / 1000;
    }
    return cuts;
  },
};
