import type { Plan } from '../scenario/plan.ts';
import type { LinkEffect } from './link-effect.ts';
import type { LinkTable } from './link-table.ts';
import { proxyOf } from './router.ts';

export interface DeadEndsOptions {
  readonly plan: Plan;
  readonly linksOf: (router: string) => Pick<LinkTable, 'set' | 'clear'>;
  /** The links of a program that is ready again could not be opened. */
  readonly onTrouble: (error: Error) => void;
}

/**
 * Links to programs that were killed. Where a program is gone and its machine is up, the kernel refuses each connection
 * at once (RFC 9293, 3.10.7.1). Toxiproxy would accept it, as it listens whether or not anybody is behind it, dial for
 * seconds, one connection after the other, and hand over what was sent meanwhile to the program that is started next. So
 * these links refuse from the kill until the program has printed that it is ready.
 */
export class DeadEnds {
  readonly #options: DeadEndsOptions;

  constructor(options: DeadEndsOptions) {
    this.#options = options;
  }

  /** Resolves when every link to the container refuses. */
  async killed(container: string): Promise<void> {
    const { plan, linksOf } = this.#options;
    const links = plan.links.filter((link) => link.destination === container);
    const routers = [...new Set(links.map((link) => link.router))];
    await Promise.all(
      routers.map((router) => {
        const own = links.filter((link) => link.router === router);
        const effects = own.map((link): [string, LinkEffect] => [proxyOf(link).name, { refuse: true }]);
        return linksOf(router).set(idOf(container), new Map(effects));
      }),
    );
  }

  /** Nobody waits for it: a kill is over when the container runs again, as on a machine that boots. */
  ready(container: string): void {
    const { plan, linksOf, onTrouble } = this.#options;
    const routers = new Set(plan.links.filter((link) => link.destination === container).map((link) => link.router));
    for (const router of routers) void linksOf(router).clear(idOf(container)).catch(onTrouble);
  }
}

/** Among the ids of faults; those of plans have no space. */
const idOf = (container: string): string => `${container} is dead`;
