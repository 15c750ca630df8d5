import { moveAddress } from './address-block.ts';
import type { Attachment, Plan } from './plan.ts';

/**
 * The same plan in another address block, such as `198.18.4.0/22`: the block is claimed only when a run starts.
 * @throws RangeError when `block` is not an aligned /22.
 */
export function relocate(plan: Plan, block: string): Plan {
  const move = (ip: string): string => moveAddress(ip, block);
  const moveSubnet = (subnet: string): string => {
    const [ip = '', prefix = ''] = subnet.split('/');
    return `${move(ip)}/${prefix}`;
  };
  const moveAll = (attachments: readonly Attachment[]): Attachment[] =>
    attachments.map((attachment) => ({ ...attachment, ip: move(attachment.ip) }));
  return {
    ...plan,
    zones: plan.zones.map((zone) => ({
      ...zone,
      planes: zone.planes.map((plane) => ({ ...plane, subnet: moveSubnet(plane.subnet) })),
    })),
    routers: plan.routers.map((router) => ({
      ...router,
      management: {
        ...router.management,
        subnet: moveSubnet(router.management.subnet),
        ip: move(router.management.ip),
      },
      attachments: moveAll(router.attachments),
    })),
    containers: plan.containers.map((container) => ({ ...container, attachments: moveAll(container.attachments) })),
    links: plan.links.map((link) => ({
      ...link,
      listen: { ...link.listen, ip: move(link.listen.ip) },
      upstream: { ...link.upstream, ip: move(link.upstream.ip) },
    })),
  };
}
