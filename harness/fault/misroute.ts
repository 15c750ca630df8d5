import { z } from 'zod';
import type { LinkEffect } from '../fabric/link-effect.ts';
import { proxyOf, type Router } from '../fabric/router.ts';
import type { LinkProxy } from '../fabric/toxiproxy-api.ts';
import type { PlanFault } from '../scenario/plan.ts';
import { nodeSelector } from '../scenario/selectors.ts';
import { strictObject } from '../scenario/zod-problems.ts';
import { type FaultKind, type FaultTarget, onRouter } from './fault.ts';
import { list } from './words.ts';

const connections = z
  .enum(['kept', 'closed'])
  .describe('`kept`: routes change under open connections. `closed`: the connections end and are dialled anew.');
const settings = z.strictObject({ connections });
const words = strictObject({ zone: z.string(), nodes: nodeSelector, connections });

type Misroute = PlanFault<z.infer<typeof settings>>;

/**
 * All bytes to a set of nodes go from the zone's primary router through its replication router, as when traffic
 * was shifted onto the secondary network on 21 April 2011 (https://aws.amazon.com/message/65648/).
 *
 * `kept`: a route per node in the primary router's network namespace; no connection is closed, and the two planes'
 * bytes share the replication router's one queue. `closed`: the links to the nodes are re-pointed to proxies on the
 * replication router, which closes their connections.
 */
export const misroute: FaultKind<z.infer<typeof words>, z.infer<typeof settings>> = {
  kind: 'misroute',
  summary: 'sends all bytes to some nodes from the primary through the replication router',
  words,
  example: 'misroute: { zone: use1-a, nodes: { pick: 2 }, connections: kept }',
  settings,

  draw({ zone, nodes: asked, connections: what }, draw) {
    if (!draw.zone(zone, ['zone'])) return [];
    const planes = draw.laid.zones.find((one) => one.id === zone)?.planes ?? [];
    if (!planes.some(({ plane }) => plane === 'replication')) {
      draw.problem(['zone'], `\`${zone}\` with no replication plane`, 'a zone with both planes');
      return [];
    }
    const nodes = draw.nodes(zone, asked, ['nodes']);
    const routers = draw.laid.routers.filter((one) => one.zone === zone);
    const thin = routers.find((one) => one.plane === 'replication')?.capacityMbit;
    const all = draw.laid.containers.filter((one) => one.zone === zone && one.role === 'node').length;
    if (nodes.length === 0) return [];
    return [
      {
        kind: 'misroute',
        description:
          `the bytes to ${nodes.length} of ${all} nodes of ${zone} (${list(nodes, 'nodes')}) took the replication ` +
          `network of ${thin} Mbit/s, their connections ${what}`,
        targets: { zone, routers: routers.map(({ id }) => id), links: [], containers: nodes },
        losesPartnersOf: nodes,
        settings: { connections: what },
      },
    ];
  },

  unable(fault, target) {
    if (fault.settings.connections === 'closed') return null;
    return routersOf(fault, target).primary.shaping === 'kernel'
      ? null
      : 'a misroute with connections kept needs NET_ADMIN; `connections: closed` does not';
  },

  async apply(fault, target, times) {
    const { primary, gateway } = routersOf(fault, target);
    if (fault.settings.connections === 'kept') {
      await primary.divert(fault.id, addressesOf(fault, target), gateway);
      // All routes in one batch.
      times.at(primary.id);
      return;
    }
    const detours = detoursOf(fault, target);
    await replicationOf(fault, target).links.open(detours.map(({ detour }) => detour));
    const effects = detours.map(({ link, detour }): [string, LinkEffect] => [link.name, { upstream: detour.listen }]);
    await primary.links.set(fault.id, new Map(effects), onRouter(primary, times));
  },

  async revert(fault, target, times) {
    const { primary } = routersOf(fault, target);
    if (fault.settings.connections === 'kept') {
      await primary.undivert(fault.id);
      times.at(primary.id);
      return;
    }
    await primary.links.clear(fault.id, onRouter(primary, times));
    await replicationOf(fault, target).links.close(detoursOf(fault, target).map(({ detour }) => detour.name));
  },

  drains(fault, target) {
    const router = replicationOf(fault, target);
    return router.shaping === 'kernel' ? router : null;
  },

  async probe(fault, target) {
    const { primary, gateway } = routersOf(fault, target);
    if (fault.settings.connections === 'kept') {
      const diverted = await primary.shell.diverted();
      const addresses = addressesOf(fault, target);
      return addresses.filter((address) => diverted.get(address) === gateway).length / addresses.length;
    }
    return primary.links.inForce(
      fault.id,
      detoursOf(fault, target).map(({ link }) => link.name),
    );
  },
};

function routersOf(fault: Misroute, target: FaultTarget): { primary: Router; gateway: string } {
  const primary = routerOf(fault, target, 'primary');
  const network = networkOf(fault, target, 'primary');
  const gateway = replicationOf(fault, target).plan.attachments.find((one) => one.network === network)?.ip;
  if (gateway === undefined) throw new Error(`${zoneOf(fault)}: the replication router is not on the primary network`);
  return { primary, gateway };
}

function replicationOf(fault: Misroute, target: FaultTarget): Router {
  return routerOf(fault, target, 'replication');
}

function routerOf(fault: Misroute, target: FaultTarget, plane: 'primary' | 'replication'): Router {
  const router = target.plan.routers.find((one) => one.zone === zoneOf(fault) && one.plane === plane);
  if (router === undefined) throw new Error(`${zoneOf(fault)} has no ${plane} router`);
  return target.router(router.id);
}

function networkOf(fault: Misroute, target: FaultTarget, plane: 'primary' | 'replication'): string {
  const zone = target.plan.zones.find((one) => one.id === zoneOf(fault));
  const network = zone?.planes.find((one) => one.plane === plane)?.network;
  if (network === undefined) throw new Error(`${zoneOf(fault)} has no ${plane} network`);
  return network;
}

/** The nodes' addresses on the primary network. */
function addressesOf(fault: Misroute, target: FaultTarget): string[] {
  const network = networkOf(fault, target, 'primary');
  return fault.targets.containers.map((id) => {
    const container = target.plan.containers.find((one) => one.id === id);
    const ip = container?.attachments.find((one) => one.network === network)?.ip;
    if (ip === undefined) throw new Error(`${id} has no address on ${network}`);
    return ip;
  });
}

/**
 * Ports of the detours, above every link's; a number of its own for each misroute of a plan. Below those that the
 * kernel gives to the router's own connections (`ip_local_port_range`, from 32768), on which nothing can listen while
 * one of them is open or in TIME_WAIT.
 */
const DETOUR_PORT = 21_000;
const DETOURS_EACH = 1_000;

function detoursOf(fault: Misroute, target: FaultTarget): { link: LinkProxy; detour: LinkProxy }[] {
  const { primary, gateway } = routersOf(fault, target);
  const links = target.plan.links.filter(
    (link) => link.router === primary.id && fault.targets.containers.includes(link.destination),
  );
  const ids = target.plan.phases.flatMap((phase) => phase.faults).filter((one) => one.kind === fault.kind);
  const first =
    DETOUR_PORT +
    DETOURS_EACH *
      Math.max(
        0,
        ids.findIndex((one) => one.id === fault.id),
      );
  return links.map((planned, index) => {
    const link = proxyOf(planned);
    const listen = `${gateway}:${first + index}`;
    return { link, detour: { name: `${fault.id}.${link.name}`, listen, upstream: link.upstream } };
  });
}

function zoneOf(fault: Misroute): string {
  if (fault.targets.zone === null) throw new Error(`${fault.id} is in no zone`);
  return fault.targets.zone;
}
