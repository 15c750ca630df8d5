import { z } from 'zod';
import { parseShare } from '../scenario/quantity.ts';
import { strictObject } from '../scenario/zod-problems.ts';
import type { FaultKind } from './fault.ts';

const settings = z.strictObject({ mbit: z.number().positive() });
const words = strictObject({
  router: z.string().describe('A router such as `a-primary`.'),
  to: z.string().describe('A capacity such as 6mbit, or a share of the router’s own such as 5%.'),
});

/** Less capacity for a whole router: one queue for everything that passes, as a congested or half-broken switch has. */
export const capacity: FaultKind<z.infer<typeof words>, z.infer<typeof settings>> = {
  kind: 'capacity',
  summary: 'lowers a router’s capacity, which all of its links share',
  words,
  example: 'capacity: { router: a-primary, to: 25% }',
  settings,

  draw({ router: id, to }, draw) {
    if (!draw.router(id, ['router'])) return [];
    const router = draw.laid.routers.find((one) => one.id === id);
    if (router === undefined) return [];
    const share = to.trim().endsWith('%');
    const mbit = share ? parseShareOf(to, router.capacityMbit, () => draw.share(to, ['to'])) : draw.mbit(to, ['to']);
    if (mbit === 0) draw.problem(['to'], 'no capacity at all', 'more than 0; `isolate` and `cut` stop everything');
    // The same as before could not be told from a fault that was put back.
    if (mbit >= router.capacityMbit) {
      draw.problem(['to'], `${mbit} Mbit/s`, `less than the ${router.capacityMbit} Mbit/s of ${id}`);
    }
    const description = `the capacity of ${id} was ${mbit} of ${router.capacityMbit} Mbit/s`;
    return [
      {
        kind: 'capacity',
        description,
        targets: targetsOf(router.zone, id),
        experience: { open: 'answers', fresh: 'answered', addedRttMs: 0, capacityMbit: mbit },
        settings: { mbit },
      },
    ];
  },

  async apply(fault, target, times) {
    await target.router(routerOf(fault)).setCapacity(fault.id, fault.settings.mbit);
    times.at(routerOf(fault));
  },
  async revert(fault, target, times) {
    await target.router(routerOf(fault)).clearCapacity(fault.id);
    times.at(routerOf(fault));
  },

  probe: async (fault, target) => ((await target.router(routerOf(fault)).holdsCapacity(fault.id)) ? 1 : 0),
};

const targetsOf = (zone: string, router: string) => ({ zone, routers: [router], links: [], containers: [] });
const routerOf = (fault: { targets: { routers: readonly string[] } }): string => fault.targets.routers[0] ?? '';

function parseShareOf(text: string, whole: number, report: () => number): number {
  const share = report();
  return share === 0 ? 0 : Number((parseShare(text) * whole).toPrecision(12));
}
