import type { ContainerConfig, Dial, LinkDial } from './container-config.ts';
import type { Plan, Plane, Role } from './plan.ts';

/**
 * What the program in one container is told. A container of a region-wide zone (one without routers) serves every
 * zone: its nodes and volumes are those of all of them. Nothing here depends on the plan's phases or faults, so a
 * program cannot know whether, when or how it will be broken. Of spares only instances and applications have the
 * addresses, which the control plane sends them to; nodes and the control plane are told when one joins.
 * @throws RangeError when the plan has no such container.
 */
export function containerConfigOf(plan: Plan, containerId: string): ContainerConfig {
  const container = plan.containers.find((candidate) => candidate.id === containerId);
  if (container === undefined) throw new RangeError(`the plan has no container ${containerId}`);
  const { id, zone, attachments } = container;
  const planes = plan.zones.find((candidate) => candidate.id === zone)?.planes ?? [];
  const regionWide = planes.every((plane) => plane.router === null);

  const addresses: Partial<Record<Plane, string>> = {};
  for (const { network, ip } of attachments) {
    const plane = planes.find((candidate) => candidate.network === network)?.plane;
    if (plane !== undefined) addresses[plane] = ip;
  }
  const roles = new Map(plan.containers.map((other) => [other.id, other.role]));
  const isKnown = (destination: string): boolean =>
    roles.get(destination) !== 'spare' || container.role === 'instances' || container.role === 'app';
  const links: Record<string, Partial<Record<Plane, LinkDial>>> = {};
  for (const { destination, plane, listen, upstream } of plan.links.filter(
    (link) => link.source === id && isKnown(link.destination),
  )) {
    const dial: Dial = { host: listen.ip, port: listen.port };
    const same = plan.links.filter(
      (link) => link.source === id && link.destination === destination && link.plane === plane,
    );
    const first: LinkDial = links[destination]?.[plane] ?? dial;
    const ports = same.length < 2 ? {} : { ports: { ...first.ports, [upstream.port]: dial } };
    links[destination] = { ...links[destination], [plane]: { ...first, ...ports } };
  }
  const serves = (other: string): boolean => regionWide || other === zone;
  const nodes = plan.containers.filter(
    (other) => (other.role === 'node' || other.id === id) && isNode(other.role) && serves(other.zone),
  );
  const nodesOfZones: Record<string, string[]> = {};
  for (const node of nodes) nodesOfZones[node.zone] = [...(nodesOfZones[node.zone] ?? []), node.id];
  return {
    id,
    zone,
    seed: plan.seed,
    addresses,
    links,
    nodes: nodes.map((node) => node.id),
    nodesOfZones,
    volumes: plan.volumes.filter((volume) => serves(volume.zone)),
    databases: plan.databases.filter((database) => serves(database.zone)),
    multiZoneDatabases: plan.multiZoneDatabases.filter(
      ({ primary, standby }) => serves(primary.zone) || serves(standby.zone),
    ),
    storage: plan.storage,
    load: plan.load,
  };
}

/** A spare is one in its own eyes. */
const isNode = (role: Role): boolean => role === 'node' || role === 'spare';
