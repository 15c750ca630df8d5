import { openBlock, type Subnet } from './address-block.ts';
import { BadInputError, problemAt } from './bad-input-error.ts';
import { PORTS } from './container-config.ts';
import { gaugeId, routerId, singleId } from './container-ids.ts';
import type { Attachment, Plan, PlanContainer, Plane, PlanLink, PlanRouter, PlanZone } from './plan.ts';
import type { ResolvedParameters } from './resolve-parameters.ts';
import { shortZoneName, type Topology, type TopologyNetwork, type TopologyService } from './topology.ts';

/** A router's links listen from here up, one port each. */
const FIRST_PORT = 20_000;

/** The source of a link that begins outside the zones. */
export const HOST = 'host';

interface Member {
  readonly id: string;
  /** A node that has not joined yet. */
  readonly isSpare: boolean;
  readonly service: TopologyService;
}
interface Wire {
  readonly source: Member | null;
  readonly destination: Member;
  readonly plane: Plane;
  readonly port: number;
  readonly router: string;
}

function gaugeWires(topology: Topology, gauge: Member): Wire[] {
  const { zone } = gauge.service;
  const planes = topology.networks.filter((network) => network.zone === zone).map(({ plane }) => plane);
  return planes.map((plane) => ({
    source: gauge,
    destination: gauge,
    plane,
    port: PORTS.gauge,
    router: routerId(zone, plane),
  }));
}

/** `a1`, `a2` … for nodes; `a-app`, or `a-app-1`, `a-app-2` …, for `use1-a-app`. */
function containerIds(service: TopologyService, replicas: number): string[] {
  const short = shortZoneName(service.zone);
  const numbers = Array.from({ length: replicas }, (_, i) => i + 1);
  if (service.role === 'node') return numbers.map((i) => `${short}${i}`);
  const base = singleId(service);
  return replicas === 1 ? [base] : numbers.map((i) => `${base}-${i}`);
}

/**
 * The topology without what needs parameters that are all 0 in this plan. @throws BadInputError for one that is not a
 * number of this scenario.
 */
function neededOf(topology: Topology, parameters: ResolvedParameters): Topology {
  const isThere = ({ needs }: Pick<TopologyService, 'needs'>): boolean => {
    if (needs === undefined) return true;
    const names = [needs.value].flat();
    for (const name of names) {
      if (parameters.has(name)) continue;
      throw new BadInputError(problemAt(needs.at, `the parameter \`${name}\``, 'one that the scenario has'));
    }
    return names.some((name) => parameters.number(name) > 0);
  };
  const services = topology.services
    .filter(isThere)
    .map((service) => ({ ...service, links: service.links.filter(isThere) }));
  return { ...topology, services };
}

function membersOf(topology: Topology, parameters: ResolvedParameters): Member[] {
  const members = topology.services.flatMap((service) => {
    const replicas = replicasOf(service, parameters);
    const spares = service.role === 'node' ? sparesOf(service.zone, parameters) : 0;
    const ids = containerIds(service, replicas + spares);
    return ids.map((id, i) => ({ id, isSpare: i >= replicas, service }));
  });
  for (const [i, { id, service }] of members.entries()) {
    if (!members.slice(0, i).some((member) => member.id === id)) continue;
    throw new BadInputError(problemAt(service.at, `a second container \`${id}\``, 'services whose containers differ'));
  }
  return members;
}

/** @throws BadInputError for a number that is no parameter of this scenario. */
function replicasOf({ role, zone, scaledBy, replicas }: TopologyService, parameters: ResolvedParameters): number {
  const name = role === 'node' ? `zones.${zone}.nodes` : scaledBy?.value;
  if (name !== undefined && parameters.has(name)) return parameters.number(name);
  if (scaledBy === undefined) return replicas.value;
  throw new BadInputError(problemAt(scaledBy.at, `the parameter \`${scaledBy.value}\``, 'one that the scenario has'));
}

/** Spares are numbered after the zone's nodes. */
function sparesOf(zone: string, parameters: ResolvedParameters): number {
  const name = `zones.${zone}.spareNodes`;
  return parameters.has(name) ? parameters.number(name) : 0;
}

/**
 * A zone's gauge is the harness's own: a container on each of the zone's networks, whose links lead through each of
 * its routers and back to itself.
 */
function gaugesOf(topology: Topology): Member[] {
  return topology.zones
    .filter((zone) => !zone.regionWide)
    .map((zone) => {
      const networks = topology.networks.filter((network) => network.zone === zone.id);
      const name = `${zone.id}-gauge`;
      const service: TopologyService = {
        name,
        zone: zone.id,
        role: 'gauge',
        at: zone.at,
        command: ['node', 'fixtures/gauge/main.ts'],
        networks: networks.map((network) => network.name),
        links: [],
        published: [],
        disks: [],
        replicas: { value: 1, at: zone.at },
      };
      return { id: gaugeId(zone.id), isSpare: false, service };
    });
}

/**
 * A link is on the router of its source's zone; one from outside or from a region-wide service, which has no router,
 * on that of its destination's.
 */
function wiresOf(topology: Topology, members: readonly Member[]): Wire[] {
  const regionWide = new Set(topology.zones.filter((zone) => zone.regionWide).map((zone) => zone.id));
  const containersOf = (service: string): Member[] => members.filter((member) => member.service.name === service);
  const inside = members.flatMap((source) =>
    source.service.links.flatMap(({ to, planes, port }) =>
      planes.flatMap((plane) =>
        containersOf(to)
          .filter((destination) => destination.id !== source.id)
          .map((destination): Wire => {
            const zone = regionWide.has(source.service.zone) ? destination.service.zone : source.service.zone;
            const router = routerId(zone, plane);
            return { source, destination, plane, port, router };
          }),
      ),
    ),
  );
  const outside = members.flatMap((destination) =>
    destination.service.published.map(({ value: port }): Wire => {
      const router = routerId(destination.service.zone, 'primary');
      return { source: null, destination, plane: 'primary', port, router };
    }),
  );
  for (const service of topology.services) {
    const seen = new Set<string>();
    for (const { to, planes, port, at } of service.links) {
      for (const key of planes.map((plane) => `${to}:${port}@${plane}`)) {
        if (seen.has(key)) throw new BadInputError(problemAt(at, `a second link to ${key}`, 'one'));
        seen.add(key);
      }
    }
  }
  return [...inside, ...outside];
}

/**
 * Zones, routers, containers and links with their addresses, all in `block`. Routers take the first addresses of a
 * network, containers those after. @throws BadInputError when a network or the block is too small for them.
 */
export function layOut(
  whole: Topology,
  parameters: ResolvedParameters,
  block: string,
): Pick<Plan, 'zones' | 'routers' | 'containers' | 'links'> {
  const topology = neededOf(whole, parameters);
  const gauges = gaugesOf(topology);
  const members = [...membersOf(topology, parameters), ...gauges];
  const wires = [...wiresOf(topology, members), ...gauges.flatMap((gauge) => gaugeWires(topology, gauge))];
  const addresses = openBlock(block);
  const routed = (zone: string): boolean => topology.zones.some((z) => z.id === zone && !z.regionWide);

  const cut = (prefix: 26 | 28, network: TopologyNetwork): Subnet => {
    const subnet = addresses.subnet(prefix);
    if (subnet === null)
      throw new BadInputError(problemAt(network.at, 'more networks than a /22 holds', 'fewer zones'));
    return subnet;
  };
  const subnets = new Map(topology.networks.map((network) => [network.name, cut(26, network)]));
  const attach = (network: TopologyNetwork): Attachment => {
    const ip = subnets.get(network.name)?.take() ?? null;
    const found = `more members of \`${network.name}\` than a /26 holds`;
    if (ip === null) throw new BadInputError(problemAt(network.at, found, 'at most 61'));
    return { network: network.name, ip };
  };
  const networkOf = (zone: string, plane: Plane): TopologyNetwork[] =>
    topology.networks.filter((network) => network.zone === zone && network.plane === plane);

  const routers = topology.networks.flatMap((network): PlanRouter[] => {
    const { zone, plane } = network;
    if (!routed(zone)) return [];
    const id = routerId(zone, plane);
    const management = cut(28, network);
    const ip = management.take() ?? '';
    const reached = wires
      .filter((wire) => wire.router === id)
      .flatMap((wire) =>
        [wire.destination, wire.source].flatMap((end) => (end === null ? [] : networkOf(end.service.zone, wire.plane))),
      );
    // The replication router is on the primary network too: misrouted bytes come in and leave there.
    const crossed = plane === 'replication' ? networkOf(zone, 'primary') : [];
    const networks = new Set([network, ...crossed, ...reached]);
    return [
      {
        id,
        zone,
        plane,
        capacityMbit: parameters.number(`zones.${zone}.${plane}.capacity`),
        queueBytes: parameters.number(`zones.${zone}.${plane}.queue`),
        management: { network: `${id}-management`, subnet: management.cidr, ip },
        attachments: [{ network: `${id}-management`, ip }, ...[...networks].map(attach)],
      },
    ];
  });
  const containers = members.map(({ id, isSpare, service }): PlanContainer => {
    const networks = topology.networks.filter((network) => service.networks.includes(network.name));
    const { zone, command, disks } = service;
    const role = isSpare ? 'spare' : service.role;
    return { id, service: service.name, zone, role, command, attachments: networks.map(attach), disks };
  });
  const zones = topology.zones.map(
    ({ id }): PlanZone => ({
      id,
      planes: topology.networks
        .filter((network) => network.zone === id)
        .map(({ name, plane }) => ({
          plane,
          network: name,
          subnet: subnets.get(name)?.cidr ?? '',
          router: routed(id) ? routerId(id, plane) : null,
        })),
    }),
  );
  return { zones, routers, containers, links: linksOf(wires, topology, routers, containers) };
}

function linksOf(
  wires: readonly Wire[],
  topology: Topology,
  routers: readonly PlanRouter[],
  containers: readonly PlanContainer[],
): PlanLink[] {
  const ports = new Map<string, number>();
  const ipOn = (attachments: readonly Attachment[] | undefined, zone: string, plane: Plane): string => {
    const network = topology.networks.find((candidate) => candidate.zone === zone && candidate.plane === plane);
    const ip = attachments?.find((attachment) => attachment.network === network?.name)?.ip;
    if (ip === undefined) throw new Error(`no address on ${zone} ${plane} for a link`);
    return ip;
  };
  const pairOf = ({ source, destination, plane }: Wire): string => `${source?.id ?? HOST}->${destination.id}@${plane}`;
  const ofPair = Map.groupBy(wires, pairOf);
  return wires.map((wire) => {
    const { source, destination, plane, port, router: id } = wire;
    const router = routers.find((candidate) => candidate.id === id);
    const target = containers.find((container) => container.id === destination.id);
    const listenPort = ports.get(id) ?? FIRST_PORT;
    ports.set(id, listenPort + 1);
    const listenIp =
      source === null ? (router?.management.ip ?? '') : ipOn(router?.attachments, source.service.zone, plane);
    const sourceId = source?.id ?? HOST;
    const several = (ofPair.get(pairOf(wire))?.length ?? 0) > 1;
    return {
      id: `${sourceId}->${destination.id}${several ? `:${port}` : ''}@${plane}`,
      source: sourceId,
      destination: destination.id,
      plane,
      router: id,
      listen: { ip: listenIp, port: listenPort },
      upstream: { ip: ipOn(target?.attachments, destination.service.zone, plane), port },
    };
  });
}
