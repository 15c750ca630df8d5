import { proxyOf, type Router } from '../fabric/router.ts';
import type { LinkProxy } from '../fabric/toxiproxy-api.ts';
import type { PlanFault, PlanLink } from '../scenario/plan.ts';
import type { FaultKind, FaultTarget } from './fault.ts';

type Misroute = Extract<PlanFault, { kind: 'misroute' }>;

/**
 * All bytes to a set of nodes go from the zone's primary router through its replication router, as when traffic
 * was shifted onto the secondary network on 21 April 2011 (https://aws.amazon.com/message/65648/).
 *
 * `kept`: a route per node in the primary router's network namespace; no connection is closed, and the two planes'
 * bytes share the replication router's one queue. `closed`: the links to the nodes are re-pointed to proxies on the
 * replication router, which closes their connections.
 */
export const misroute: FaultKind<'misroute'> = {
  kind: 'misroute',
  summary: 'sends all bytes to some nodes from the primary through the replication router',

  describe: (fault) =>
    `all bytes to ${fault.nodes.join(', ')} of ${fault.zone} go through the replication router, connections ${fault.connections}`,

  async apply(fault, target) {
    const { primary, gateway } = routersOf(fault, target);
    if (fault.connections === 'kept') return primary.shell.divert(addressesOf(fault, target), gateway);
    const detours = detoursOf(fault, target);
    await replicationOf(fault, target).api.create(detours.map((detour) => detour.detour));
    await Promise.all(detours.map(({ proxy, detour }) => primary.api.repoint(proxy, detour.listen)));
  },

  async revert(fault, target) {
    const { primary } = routersOf(fault, target);
    if (fault.connections === 'kept') return primary.shell.undivert(addressesOf(fault, target));
    const replication = replicationOf(fault, target);
    const [now, there] = await Promise.all([primary.api.all(), replication.api.all()]);
    const detours = detoursOf(fault, target);
    const moved = detours.filter(({ proxy }) => now.get(proxy.name)?.upstream !== proxy.upstream);
    await Promise.all(moved.map(({ proxy }) => primary.api.repoint(proxy, proxy.upstream)));
    const leftOver = detours.filter(({ detour }) => there.has(detour.name));
    await Promise.all(leftOver.map(({ detour }) => replication.api.remove(detour.name)));
  },

  async probe(fault, target) {
    const { primary, gateway } = routersOf(fault, target);
    if (fault.connections === 'kept') {
      const diverted = await primary.shell.diverted();
      const addresses = addressesOf(fault, target);
      return addresses.filter((address) => diverted.get(address) === gateway).length / addresses.length;
    }
    const now = await primary.api.all();
    const detours = detoursOf(fault, target);
    return (
      detours.filter(({ proxy, detour }) => now.get(proxy.name)?.upstream === detour.listen).length / detours.length
    );
  },
};

function routersOf(fault: Misroute, target: FaultTarget): { primary: Router; gateway: string } {
  const primary = routerOf(fault, target, 'primary');
  const network = networkOf(fault, target, 'primary');
  const gateway = replicationOf(fault, target).plan.attachments.find((one) => one.network === network)?.ip;
  if (gateway === undefined) throw new Error(`${fault.zone}: the replication router is not on the primary network`);
  return { primary, gateway };
}

function replicationOf(fault: Misroute, target: FaultTarget): Router {
  return routerOf(fault, target, 'replication');
}

function routerOf(fault: Misroute, target: FaultTarget, plane: 'primary' | 'replication'): Router {
  const router = target.plan.routers.find((one) => one.zone === fault.zone && one.plane === plane);
  if (router === undefined) throw new Error(`${fault.zone} has no ${plane} router`);
  return target.router(router.id);
}

function networkOf(fault: Misroute, target: FaultTarget, plane: 'primary' | 'replication'): string {
  const zone = target.plan.zones.find((one) => one.id === fault.zone);
  const network = zone?.planes.find((one) => one.plane === plane)?.network;
  if (network === undefined) throw new Error(`${fault.zone} has no ${plane} network`);
  return network;
}

/** The nodes' addresses on the primary network. */
function addressesOf(fault: Misroute, target: FaultTarget): string[] {
  const network = networkOf(fault, target, 'primary');
  return fault.nodes.map((id) => {
    const container = target.plan.containers.find((one) => one.id === id);
    const ip = container?.attachments.find((one) => one.network === network)?.ip;
    if (ip === undefined) throw new Error(`${id} has no address on ${network}`);
    return ip;
  });
}

/** Ports of the detours, above every link's. */
const DETOUR_PORT = 40_000;

function detoursOf(fault: Misroute, target: FaultTarget): { proxy: LinkProxy; detour: LinkProxy }[] {
  const { primary, gateway } = routersOf(fault, target);
  const links: readonly PlanLink[] = target.plan.links.filter(
    (link) => link.router === primary.id && fault.nodes.includes(link.destination),
  );
  return links.map((link, index) => {
    const proxy = proxyOf(link);
    const listen = `${gateway}:${DETOUR_PORT + index}`;
    return { proxy, detour: { name: `detour.${proxy.name}`, listen, upstream: proxy.upstream } };
  });
}
