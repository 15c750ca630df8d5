import { proxyOf, type Router } from '../fabric/router.ts';
import type { LinkProxy } from '../fabric/toxiproxy-api.ts';
import type { PlanFault } from '../scenario/plan.ts';
import type { FaultKind, FaultTarget } from './fault.ts';

/**
 * A partition that refuses: open connections of the links are closed, and new ones refused (Toxiproxy's
 * `enabled: false`). It is an error that both ends see at once, unlike a black hole.
 */
export const cut: FaultKind<'cut'> = {
  kind: 'cut',
  summary: 'closes the connections of some links and refuses new ones',

  describe: (fault) =>
    `${fault.links.length} links refuse: ${fault.links.slice(0, 4).join(', ')}${fault.links.length > 4 ? ', …' : ''}`,

  async apply(fault, target) {
    await Promise.all(proxiesOf(fault, target).map(({ router, proxy }) => router.api.setEnabled(proxy, false)));
  },

  async revert(fault, target) {
    await Promise.all(proxiesOf(fault, target).map(({ router, proxy }) => router.api.setEnabled(proxy, true)));
  },

  async probe(fault, target) {
    const proxies = proxiesOf(fault, target);
    const routers = [...new Set(proxies.map(({ router }) => router))];
    const states = new Map(
      await Promise.all(routers.map(async (router) => [router.id, await router.api.all()] as const)),
    );
    const disabled = proxies.filter(({ router, proxy }) => states.get(router.id)?.get(proxy.name)?.enabled === false);
    return disabled.length / proxies.length;
  },
};

function proxiesOf(
  fault: Extract<PlanFault, { kind: 'cut' }>,
  target: FaultTarget,
): { router: Router; proxy: LinkProxy }[] {
  return fault.links.map((id) => {
    const link = target.plan.links.find((one) => one.id === id);
    if (link === undefined) throw new Error(`no link ${id}`);
    return { router: target.router(link.router), proxy: proxyOf(link) };
  });
}
