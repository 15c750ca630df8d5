import type { z } from 'zod';
import type { LinkEffect } from '../fabric/link-effect.ts';
import { proxyOf } from '../fabric/router.ts';
import type { PlanLink } from '../scenario/plan.ts';
import { type ActionKind, type ActionTarget, withRole } from './action.ts';
import { drawZone, NO_SETTINGS, zoneOnly } from './zone-words.ts';

type Words = z.infer<typeof zoneOnly>;

/** Open connections are closed and new ones refused, as where a rule of a network's own rejects them. */
const REFUSED: LinkEffect = { refuse: true };

/** Of the effects in the routers' tables: the same for the cut and for what ends it. */
const effectOf = (zone: string): string => `operator cut of ${zone}`;

/** Links between the zone's nodes, spares included, and the control plane, both ways. */
function linksBetween({ plan }: ActionTarget, zone: string): PlanLink[] {
  const nodes = new Set([...withRole(plan, 'node', zone), ...withRole(plan, 'spare', zone)]);
  const control = new Set(withRole(plan, 'control-plane'));
  return plan.links.filter(
    ({ source, destination }) =>
      (nodes.has(source) && control.has(destination)) || (control.has(source) && nodes.has(destination)),
  );
}

const byRouter = (links: readonly PlanLink[]): [string, string[]][] =>
  [...Map.groupBy(links, ({ router }) => router)].map(([id, list]) => [id, list.map((link) => proxyOf(link).name)]);

/**
 * Cuts all communication between a zone's nodes and the control plane, in the routers. AWS began to do so at 08:20; the
 * zone had no API from then on, and the rest of the Region got its own back (https://aws.amazon.com/message/65648/).
 * Instances still reach the control plane: they are no part of the cluster.
 */
export const cutControl: ActionKind<Words> = {
  kind: 'cut-control',
  summary: "a zone's nodes are cut off from the control plane, in the routers, both ways",
  words: zoneOnly,
  example: 'cut-control: { zone: use1-a }',
  settings: NO_SETTINGS,
  draw: ({ zone }, draw) => drawZone(zone, draw, `${zone}’s nodes were cut off from the control plane`),

  async carryOut({ zone }, target) {
    const links = linksBetween(target, zone);
    if (links.length === 0) throw new Error(`no link between the nodes of ${zone} and the control plane`);
    const shares = await Promise.all(
      byRouter(links).map(async ([id, names]) => {
        const { links: table } = target.router(id);
        await table.set(effectOf(zone), new Map(names.map((name) => [name, REFUSED])));
        return (await table.inForce(effectOf(zone), names)) * names.length;
      }),
    );
    const inForce = Math.round(shares.reduce((sum, share) => sum + share, 0));
    if (inForce < links.length) throw new Error(`only ${inForce} of ${links.length} links refuse connections`);
    return `Toxiproxy says that ${links.length} links between ${zone}’s nodes and the control plane refuse connections`;
  },
};

/** Its undoing. The nodes dial again by themselves. */
export const reconnectControl: ActionKind<Words> = {
  kind: 'reconnect-control',
  summary: "a zone's nodes reach the control plane again",
  words: zoneOnly,
  example: 'reconnect-control: { zone: use1-a }',
  settings: NO_SETTINGS,
  draw: ({ zone }, draw) => drawZone(zone, draw, `${zone}’s nodes were let back to the control plane`),

  async carryOut({ zone }, target) {
    const links = linksBetween(target, zone);
    const routers = byRouter(links).map(([id]) => target.router(id));
    await Promise.all(routers.map(({ links: table }) => table.clear(effectOf(zone))));
    const problems = (await Promise.all(routers.map(({ links: table }) => table.verify()))).flat();
    if (problems.length > 0) throw new Error(problems.join('; '));
    return `Toxiproxy says that ${links.length} links between ${zone}’s nodes and the control plane are as they should be`;
  },
};
