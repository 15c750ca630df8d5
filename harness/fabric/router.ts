import type { PlanLink, PlanRouter } from '../scenario/plan.ts';
import { burstBytes, frameBitsPerSecond } from './capacity.ts';
import type { QueueSample, RouterInterface, RouterShell } from './router-shell.ts';
import type { LinkProxy, ToxiproxyApi } from './toxiproxy-api.ts';

/** A started router: one Toxiproxy and its network namespace. */
export class Router implements AsyncDisposable {
  readonly plan: PlanRouter;
  readonly containerId: string;
  readonly api: ToxiproxyApi;
  readonly shell: RouterShell;
  /** Container port -> port on 127.0.0.1. */
  readonly published: ReadonlyMap<number, number>;

  constructor(
    plan: PlanRouter,
    started: { containerId: string; api: ToxiproxyApi; shell: RouterShell; published: ReadonlyMap<number, number> },
  ) {
    this.plan = plan;
    this.containerId = started.containerId;
    this.api = started.api;
    this.shell = started.shell;
    this.published = started.published;
  }

  get id(): string {
    return this.plan.id;
  }

  /** Gives the router its shared capacity. The management network is not part of it. Returns its interfaces. */
  async shape(): Promise<RouterInterface[]> {
    const interfaces = await this.shell.interfaces();
    const zoneSide = interfaces.filter((one) => one.ip !== this.plan.management.ip);
    const { capacityMbit, queueBytes } = this.plan;
    await this.shell.shape(
      zoneSide.map((one) => one.name),
      frameBitsPerSecond(capacityMbit),
      burstBytes(capacityMbit),
      queueBytes,
    );
    return zoneSide;
  }

  async openLinks(links: readonly PlanLink[]): Promise<void> {
    await this.api.create(links.map(proxyOf));
  }

  queue(): Promise<QueueSample> {
    return this.shell.queue();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.shell[Symbol.asyncDispose]();
  }
}

/** A link is one proxy; the plane is the router's, so the name needs only the two ends. */
export function proxyOf(link: PlanLink): LinkProxy {
  return {
    name: `${link.source}.${link.destination}`,
    listen: `${link.listen.ip}:${link.listen.port}`,
    upstream: `${link.upstream.ip}:${link.upstream.port}`,
  };
}
