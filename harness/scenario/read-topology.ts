import { BadInputError, type Problem, problemAt, throwIfAny } from './bad-input-error.ts';
import { containerProblems } from './container-problems.ts';
import { expectedName } from './nearest-name.ts';
import {
  shortZoneName,
  type Topology,
  type TopologyNetwork,
  type TopologyService,
  type TopologyZone,
} from './topology.ts';
import { type TopologyFile, topologySchema } from './topology-schema.ts';
import { parseYaml, type YamlSource } from './yaml-source.ts';
import { zodProblems } from './zod-problems.ts';

const EXTENSION = 'x-zonestorm';

/** Compose lets any top-level `x-…` key hold templates for anchors; only ours is data. */
function withoutForeignExtensions(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).filter(([key]) => key === EXTENSION || !key.startsWith('x-')));
}

/**
 * Reads a Compose file with its `x-zonestorm` keys. Pure: `file` is only shown in errors.
 * @throws BadInputError with every problem of shape, or else with every dangling or contradictory reference.
 */
export function readTopology(file: string, text: string): Topology {
  const source = parseYaml(file, text);
  const parsed = topologySchema.safeParse(withoutForeignExtensions(source.value));
  if (!parsed.success) {
    const problems = zodProblems(parsed.error, source);
    const plain = typeof source.value === 'object' && source.value !== null && !(EXTENSION in source.value);
    const found = `a Compose file without \`${EXTENSION}\``;
    if (plain) throw new BadInputError(problemAt(source.placeOf([]), found, `\`${EXTENSION}\` with its zones`));
    throwIfAny(problems);
    throw parsed.error;
  }
  const topology: Topology = {
    file,
    zones: zonesOf(parsed.data, source),
    networks: networksOf(parsed.data, source),
    services: servicesOf(parsed.data, source),
  };
  throwIfAny([
    ...problemsOfLabels(parsed.data, source),
    ...problemsOfZones(topology),
    ...problemsOfNetworks(topology, source),
    ...problemsOfServices(topology, source),
    ...containerProblems(topology, source.placeOf(['services'], 'key')),
  ]);
  return topology;
}

function zonesOf(data: TopologyFile, source: YamlSource): TopologyZone[] {
  return Object.entries(data[EXTENSION].zones).map(([id, zone]) => ({
    id,
    regionWide: zone.regionWide ?? false,
    volumes: { value: zone.volumes ?? 0, at: source.placeOf([EXTENSION, 'zones', id, 'volumes']) },
    at: source.placeOf([EXTENSION, 'zones', id], 'key'),
  }));
}

function networksOf(data: TopologyFile, source: YamlSource): TopologyNetwork[] {
  return Object.entries(data.networks).map(([name, network]) => {
    const { zone, plane, capacity, queue } = network[EXTENSION];
    const path = ['networks', name, EXTENSION];
    return {
      name,
      zone,
      plane,
      capacity: capacity === undefined ? null : { value: capacity, at: source.placeOf([...path, 'capacity']) },
      queue: queue === undefined ? null : { value: queue, at: source.placeOf([...path, 'queue']) },
      at: source.placeOf(path, 'key'),
    };
  });
}

function servicesOf(data: TopologyFile, source: YamlSource): TopologyService[] {
  return Object.entries(data.services).map(([name, service]) => {
    const path = ['services', name];
    const { zone, role, needs, scaledBy, links, published } = service[EXTENSION];
    const needed = (value: string | readonly string[] | undefined, ...at: readonly (string | number)[]) =>
      value === undefined ? {} : { needs: { value, at: source.placeOf([...path, EXTENSION, ...at, 'needs']) } };
    return {
      name,
      zone,
      role,
      command: service.command,
      networks: service.networks,
      disks: service.volumes ?? [],
      replicas: { value: service.deploy?.replicas ?? 1, at: source.placeOf([...path, 'deploy', 'replicas']) },
      ...needed(needs),
      ...(scaledBy === undefined
        ? {}
        : { scaledBy: { value: scaledBy, at: source.placeOf([...path, EXTENSION, 'scaledBy']) } }),
      links: (links ?? []).map(({ to, planes, port, needs: ofLink }, i) => ({
        to,
        planes,
        port,
        ...needed(ofLink, 'links', i),
        at: source.placeOf([...path, EXTENSION, 'links', i, 'to']),
      })),
      published: (published ?? []).map((value, i) => ({
        value,
        at: source.placeOf([...path, EXTENSION, 'published', i]),
      })),
      at: source.placeOf(path, 'key'),
    };
  });
}

/** A label that says something else than `x-zonestorm` does would mislead whoever reads the file. */
function problemsOfLabels(data: TopologyFile, source: YamlSource): Problem[] {
  return Object.entries(data.networks).flatMap(([name, { labels, [EXTENSION]: says }]) =>
    (['zone', 'plane'] as const).flatMap((key): Problem[] => {
      const label = labels?.[`zonestorm.${key}`];
      if (label === undefined || label === says[key]) return [];
      const at = source.placeOf(['networks', name, 'labels', `zonestorm.${key}`]);
      return [problemAt(at, `the label \`${label}\``, `\`${says[key]}\`, as under \`${EXTENSION}\``)];
    }),
  );
}

function problemsOfZones({ zones, services }: Topology): Problem[] {
  const problems: Problem[] = [];
  const byShortName = new Map<string, string>();
  for (const zone of zones) {
    const short = shortZoneName(zone.id);
    const other = byShortName.get(short);
    if (other !== undefined) {
      problems.push(
        problemAt(zone.at, `\`${zone.id}\` beside \`${other}\``, 'zones that differ after the last hyphen'),
      );
    }
    byShortName.set(short, zone.id);
    if (zone.regionWide) continue;
    const nodes = services.filter((service) => service.zone === zone.id && service.role === 'node');
    if (nodes.length !== 1) {
      const found = `zone \`${zone.id}\` with ${nodes.length} services of role node`;
      problems.push(problemAt(zone.at, found, 'exactly one service whose replicas are its nodes'));
    }
  }
  return problems;
}

function problemsOfNetworks({ zones, networks }: Topology, source: YamlSource): Problem[] {
  const problems: Problem[] = [];
  const names = zones.map((zone) => zone.id);
  for (const [i, network] of networks.entries()) {
    const zone = zones.find((candidate) => candidate.id === network.zone);
    const path = ['networks', network.name, EXTENSION];
    if (zone === undefined) {
      const expected = expectedName(network.zone, names, 'zone');
      problems.push(problemAt(source.placeOf([...path, 'zone']), `the zone \`${network.zone}\``, expected));
      continue;
    }
    const twin = networks.slice(0, i).find((n) => n.zone === network.zone && n.plane === network.plane);
    if (twin !== undefined) {
      const found = `\`${network.name}\` and \`${twin.name}\` on the same plane`;
      problems.push(problemAt(network.at, found, `one network for ${network.zone} ${network.plane}`));
    }
    for (const key of ['capacity', 'queue'] as const) {
      if (!zone.regionWide && network[key] === null) {
        problems.push(
          problemAt(network.at, `\`${network.name}\` without \`${key}\``, `its ${key}, for it has a router`),
        );
      } else if (zone.regionWide && network[key] !== null) {
        problems.push(
          problemAt(source.placeOf([...path, key]), `a ${key}`, 'none: a region-wide network has no router'),
        );
      }
    }
  }
  for (const zone of zones) {
    if (!networks.some((network) => network.zone === zone.id && network.plane === 'primary')) {
      problems.push(
        problemAt(zone.at, `zone \`${zone.id}\` without a primary network`, 'one network of plane primary'),
      );
    }
  }
  return problems;
}

function problemsOfServices({ zones, networks, services }: Topology, source: YamlSource): Problem[] {
  const problems: Problem[] = [];
  const zoneNames = zones.map((zone) => zone.id);
  const networkNames = networks.map((network) => network.name);
  const planesOf = (service: TopologyService) =>
    networks.filter((network) => service.networks.includes(network.name)).map((network) => network.plane);

  for (const service of services) {
    const path = ['services', service.name];
    const zone = zones.find((candidate) => candidate.id === service.zone);
    if (zone === undefined) {
      const expected = expectedName(service.zone, zoneNames, 'zone');
      problems.push(problemAt(source.placeOf([...path, EXTENSION, 'zone']), `the zone \`${service.zone}\``, expected));
    }
    for (const [i, name] of service.networks.entries()) {
      const at = source.placeOf([...path, 'networks', i]);
      const network = networks.find((candidate) => candidate.name === name);
      if (network === undefined) {
        problems.push(problemAt(at, `the network \`${name}\``, expectedName(name, networkNames, 'network')));
      } else if (zone !== undefined && network.zone !== service.zone) {
        // A container with a foot in two zones would be a way around the routers.
        problems.push(problemAt(at, `a network of zone \`${network.zone}\``, `networks of \`${service.zone}\` only`));
      }
    }
    for (const link of service.links) {
      const destination = services.find((candidate) => candidate.name === link.to);
      if (destination === undefined) {
        const expected = expectedName(
          link.to,
          services.map((s) => s.name),
          'service',
        );
        problems.push(problemAt(link.at, `a link to \`${link.to}\``, expected));
        continue;
      }
      if (zone?.regionWide && zones.some(({ id, regionWide }) => id === destination.zone && regionWide)) {
        const found = `a link between the region-wide \`${service.name}\` and \`${destination.name}\``;
        problems.push(problemAt(link.at, found, 'a zone with routers at one end'));
      }
      for (const plane of link.planes) {
        for (const end of [service, destination].filter((candidate) => !planesOf(candidate).includes(plane))) {
          problems.push(
            problemAt(link.at, `a link on ${plane}`, `\`${end.name}\` to have a network of plane ${plane}`),
          );
        }
      }
    }
    if (service.role === 'app' && service.published.length === 0) {
      const found = `the application \`${service.name}\` without a published port`;
      problems.push(problemAt(service.at, found, '`published: [8080]`, where its clients ask it'));
    }
    for (const [i, port] of service.published.entries()) {
      if (service.published.slice(0, i).some(({ value }) => value === port.value)) {
        problems.push(problemAt(port.at, `the port ${port.value} a second time`, 'each port once'));
      }
      if (zone?.regionWide || !planesOf(service).includes('primary')) {
        const expected = 'a service of a zone, with its primary network';
        problems.push(problemAt(port.at, `a published port of \`${service.name}\``, expected));
      }
    }
  }
  return problems;
}
