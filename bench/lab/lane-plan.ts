import { openBlock, type Subnet } from '../../harness/scenario/address-block.ts';
import type { Plan, PlanContainer, PlanRouter } from '../../harness/scenario/plan.ts';

/** Two containers and the routers between them, on a network of their own. */
export interface Lane {
  readonly id: string;
  readonly routers: readonly { readonly id: string; readonly mbit: number; readonly queueBytes: number }[];
}

export const sourceOf = (lane: string): string => `${lane}-source`;
export const sinkOf = (lane: string): string => `${lane}-sink`;
/** Where a sink listens. */
export const SINK_PORT = 7000;
const FIRST_LISTEN_PORT = 20_000;

/** A plan of lanes side by side, so that cells of different rates can be measured at once without meeting. */
export function lanePlan(whole: Plan, block: string, lanes: readonly Lane[]): Plan {
  const addresses = openBlock(block);
  const cut = (): Subnet => orThrow(addresses.subnet(28));
  const parts = lanes.map((lane) => {
    const network = lane.id;
    const subnet = cut();
    const routers = lane.routers.map(({ id, mbit, queueBytes }): PlanRouter => {
      const management = cut();
      const own = { network: `${id}-management`, subnet: management.cidr, ip: orThrow(management.take()) };
      const attachments = [
        { network: own.network, ip: own.ip },
        { network, ip: orThrow(subnet.take()) },
      ];
      return { id, zone: lane.id, plane: 'primary', capacityMbit: mbit, queueBytes, management: own, attachments };
    });
    const container = (id: string): PlanContainer => ({
      id,
      service: id,
      zone: lane.id,
      role: 'node',
      command: whole.containers[0]?.command ?? [],
      attachments: [{ network, ip: orThrow(subnet.take()) }],
      disks: [],
    });
    const [source, sink] = [container(sourceOf(lane.id)), container(sinkOf(lane.id))];
    const links = routers.map((router) => ({
      id: `${source.id}->${sink.id}@${router.id}`,
      source: source.id,
      destination: sink.id,
      plane: router.plane,
      router: router.id,
      listen: { ip: router.attachments[1]?.ip ?? '', port: FIRST_LISTEN_PORT },
      upstream: { ip: sink.attachments[0]?.ip ?? '', port: SINK_PORT },
    }));
    const plane = { plane: 'primary' as const, network, subnet: subnet.cidr, router: lane.routers[0]?.id ?? null };
    return { zone: { id: lane.id, planes: [plane] }, routers, containers: [source, sink], links };
  });
  return {
    ...whole,
    zones: parts.map(({ zone }) => zone),
    routers: parts.flatMap(({ routers }) => routers),
    containers: parts.flatMap(({ containers }) => containers),
    links: parts.flatMap(({ links }) => links),
  };
}

function orThrow<T>(value: T | null): T {
  if (value === null) throw new Error('more lanes than a /22 has addresses for');
  return value;
}
