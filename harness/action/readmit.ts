import { z } from 'zod';
import { strictObject } from '../scenario/zod-problems.ts';
import { type ActionKind, runningNodes, tellAll } from './action.ts';
import { drawZone, zoneWord } from './zone-words.ts';

const settings = z.strictObject({ perSecond: z.number().positive().nullable() });
type Settings = z.infer<typeof settings>;

const words = strictObject({
  zone: zoneWord,
  perSecond: z
    .number({ error: 'a number above 0' })
    .positive({ error: 'a number above 0' })
    .optional()
    .describe('Volumes of the whole zone that may go on each second. Left out: no limit any more.'),
});

/**
 * How fast volumes that wait may go on: begin a search, or ask the control plane again after it did not answer. Each
 * node that runs gets an equal part of the rate, as a bucket of one token. AWS throttled the cluster's backlog when it
 * was let back to the control plane, at first too coarsely (https://aws.amazon.com/message/65648/).
 */
export const readmit: ActionKind<z.infer<typeof words>, Settings> = {
  kind: 'readmit',
  summary: 'volumes that wait go on at so many a second, or without a limit again',
  words,
  example: 'readmit: { zone: use1-a, perSecond: 4 }',
  settings,

  draw: ({ zone, perSecond = null }, draw) => {
    const how = perSecond === null ? 'without a limit' : `at ${perSecond} a second`;
    return drawZone(zone, draw, `${zone}’s volumes that wait were let go on ${how}`, { perSecond });
  },

  async carryOut({ id, zone, settings: { perSecond } }, target) {
    const nodes = await runningNodes(target, zone);
    const each = perSecond === null ? null : perSecond / nodes.length;
    const states = await tellAll(target, nodes, id, () => ({ do: 'readmit', perSecond: each }));
    const said = new Set([...states.values()].map((state) => state.perSecond));
    const wanted = each === null ? 'unbounded' : Number(each.toPrecision(3));
    if (said.size !== 1 || !said.has(wanted)) throw new Error(`nodes say ${[...said].join(', ')}, not ${wanted}`);
    return `${nodes.length} nodes that run say ${wanted}${each === null ? '' : ' a second each'}`;
  },
};
