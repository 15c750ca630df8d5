import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import type { Dial } from '../scenario/container-config.ts';
import type { Plan, Plane } from '../scenario/plan.ts';
import { strictObject } from '../scenario/zod-problems.ts';
import {
  type ActionKind,
  type ActionTarget,
  require,
  runningNodes,
  tellAll,
  tellControlPlane,
  withRole,
} from './action.ts';
import { drawZone, zoneWord } from './zone-words.ts';

const whole = { error: 'a whole number above 0' } as const;
const settings = z.strictObject({ count: z.int().min(1), everySeconds: z.number().nonnegative() });
type Settings = z.infer<typeof settings>;

const words = strictObject({
  zone: zoneWord,
  count: z.int(whole).min(1, whole).describe('So many of the zone’s spares (`zones.ZONE.spareNodes`).'),
  every: z
    .string({ error: 'a duration with its unit, like 2s' })
    .optional()
    .describe('From one that joins to the next. Left out: one right after the other.'),
});

/**
 * More capacity: empty nodes join the running cluster, one after the other. Each begins, and then the nodes that run and
 * at last the control plane are told of it; nobody knew of it before. AWS's came in from about 02:00 on Friday; its
 * throttles were in their way at first (https://aws.amazon.com/message/65648/).
 */
export const addNodes: ActionKind<z.infer<typeof words>, Settings> = {
  kind: 'add-nodes',
  summary: 'empty nodes join a running cluster, one after the other',
  words,
  example: 'add-nodes: { zone: use1-a, count: 2, every: 2s }',
  settings,

  draw({ zone, count, every }, draw) {
    const everySeconds = every === undefined ? 0 : draw.seconds(every, ['every']);
    const how = everySeconds === 0 ? '' : `, one every ${everySeconds} s`;
    const drawn = drawZone(zone, draw, `${count} nodes were added to ${zone}${how}`, { count, everySeconds });
    const spares = draw.laid.containers.filter((one) => one.zone === zone && one.role === 'spare').length;
    if (drawn !== null && count > spares) {
      draw.problem(['count'], `${count} nodes`, `at most zones.${zone}.spareNodes, ${spares}`);
      return null;
    }
    return drawn;
  },

  async carryOut({ id, zone, settings: { count, everySeconds } }, target, signal) {
    const spares = target.programs.spares(zone).slice(0, count);
    if (spares.length < count) throw new Error(`only ${spares.length} spares are left in ${zone}`);
    for (const [i, spare] of spares.entries()) {
      if (i > 0 && everySeconds > 0) await delay(everySeconds * 1000, undefined, { signal });
      await join(target, id, zone, spare);
    }
    const nodes = await runningNodes(target, zone);
    return `${spares.join(', ')} joined; every node and the control plane know ${nodes.length} that run`;
  },
};

/**
 * Nodes before the control plane: it would place volumes on a pair of which one does not know the other yet. The new one
 * knows the zone's nodes from its own configuration, and is told of those that have joined before it.
 */
async function join(target: ActionTarget, actionId: string, zone: string, spare: string): Promise<void> {
  const { plan, programs } = target;
  const waiting = new Set(programs.spares(zone));
  // Those that have crashed since are peers all the same, as any other that has.
  const earlier = withRole(plan, 'spare', zone).filter((id) => !waiting.has(id));
  const others = await runningNodes(target, zone);
  await programs.begin(spare);
  const known = withRole(plan, 'node', zone).length + earlier.length + 1;
  for (const one of earlier) await programs.tell(spare, actionId, orderOf(plan, zone, one, spare));
  const states = await tellAll(target, others, actionId, (node) => orderOf(plan, zone, spare, node));
  for (const [node, state] of states) require(state, 'peers', known - 1, node);
  const [controlPlane = ''] = withRole(plan, 'control-plane');
  const state = await tellControlPlane(target, actionId, orderOf(plan, zone, spare, controlPlane));
  require(state, 'nodes', known, 'the control plane');
}

/** Tells `to` of `node`, with the links by which it dials it. */
function orderOf(plan: Plan, zone: string, node: string, to: string) {
  const dials: Partial<Record<Plane, Dial>> = {};
  for (const { source, destination, plane, listen } of plan.links) {
    if (source === to && destination === node) dials[plane] = { host: listen.ip, port: listen.port };
  }
  return { do: 'join', zone, node, dials } as const;
}
