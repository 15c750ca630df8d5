import type { PlanContainer, PlanLink, PlanRouter, PlanWitness } from '../scenario/plan.ts';
import { monotonicMs } from '../time/monotonic.ts';
import { burstBytes, frameBitsPerSecond } from './capacity.ts';
import { LinkTable } from './link-table.ts';
import { RateSharer } from './rate-sharer.ts';
import type { PacketMatch, QueueSample, Rate, RouterInterface, RouterShell } from './router-shell.ts';
import type { LinkProxy, ToxiproxyApi } from './toxiproxy-api.ts';

/** How a router's capacity comes about: one queue of the kernel, or Toxiproxy's rates shared over connections. */
export type Shaping = 'kernel' | 'toxiproxy';

export interface RouterParts {
  readonly plan: PlanRouter;
  readonly links: readonly PlanLink[];
  /** Who is at the ends of the links. */
  readonly containers: readonly PlanContainer[];
  /** Of links of any router. */
  readonly witnesses: readonly PlanWitness[];
  readonly shaping: Shaping;
  readonly api: ToxiproxyApi;
  readonly shell: RouterShell;
  /** Container port -> port on 127.0.0.1. */
  readonly published: ReadonlyMap<number, number>;
  /** Puts an empty Toxiproxy in the place of one that does not answer. */
  readonly replaceServer: (reason: string) => Promise<void>;
  readonly onTrouble: (error: Error) => void;
  /** The queue as it was right before its rate changed, ms of CLOCK_MONOTONIC. */
  readonly onReshaped: (sample: QueueSample & { readonly t: number }) => void;
}

/** What the kernel's whole bytes a second may make of a rate. */
const RATE_TOLERANCE = 0.001;

/** How often it is asked whether its Toxiproxy is there: one that ends takes all of its links down until replaced. */
const WATCH_MS = 1_000;

/** Id of the effects by which the fallback gives a router its capacity. */
const CAPACITY = 'capacity';

/**
 * A started router: one Toxiproxy and its network namespace. Everything that a fault does to it is kept under the
 * fault's id, so that faults that overlap end independently, and so that what is in force can be compared with what
 * should be.
 */
export class Router implements AsyncDisposable {
  readonly plan: PlanRouter;
  readonly api: ToxiproxyApi;
  readonly shell: RouterShell;
  readonly shaping: Shaping;
  readonly published: ReadonlyMap<number, number>;
  readonly links: LinkTable;
  readonly #planned: readonly PlanLink[];
  readonly #containers: readonly PlanContainer[];
  /** By link. */
  readonly #witnesses: ReadonlyMap<string, PlanWitness>;
  readonly #sharer: RateSharer;
  readonly #onTrouble: (error: Error) => void;
  readonly #onReshaped: RouterParts['onReshaped'];
  #watch: NodeJS.Timeout | undefined;
  readonly #capacities = new Map<string, number>();
  readonly #drops = new Map<string, { readonly slot: number; readonly matches: number }>();
  readonly #diversions = new Map<string, { readonly addresses: readonly string[]; readonly gateway: string }>();
  #nextSlot = 0;

  constructor(parts: RouterParts) {
    this.plan = parts.plan;
    this.api = parts.api;
    this.shell = parts.shell;
    this.shaping = parts.shaping;
    this.published = parts.published;
    this.#planned = parts.links;
    this.#containers = parts.containers;
    this.#witnesses = new Map(parts.witnesses.map((witness) => [witness.link, witness]));
    // Without NET_ADMIN a dial ends when the kernel gives it up, or a Toxiproxy that waited for it too long is replaced.
    const endDials = async (upstreams: readonly string[]): Promise<void> =>
      parts.shaping === 'kernel' ? parts.shell.endDials(upstreams) : undefined;
    this.links = new LinkTable(parts.api, parts.replaceServer, endDials, this.#twins());
    this.#onTrouble = parts.onTrouble;
    this.#onReshaped = parts.onReshaped;
    this.#sharer = new RateSharer(
      () => parts.shell.connections(),
      (id, effects) => this.links.set(id, effects),
      parts.onTrouble,
    );
  }

  get id(): string {
    return this.plan.id;
  }

  /** Opens its links and gives it its shared capacity, of which the management network is no part. */
  async start(): Promise<RouterInterface[]> {
    const interfaces = await this.shell.interfaces();
    const zoneSide = interfaces.filter((one) => one.ip !== this.plan.management.ip);
    await this.links.open([...this.#planned.map(proxyOf), ...this.#witnessed().map(witnessOf)]);
    if (this.shaping === 'kernel') {
      const names = zoneSide.map((one) => one.name);
      await this.shell.shape(names, rateOf(this.plan, this.plan.capacityMbit));
    } else {
      await this.#sharer.start({ id: CAPACITY, ports: this.#portsOf(this.#planned), mbit: this.plan.capacityMbit });
    }
    this.#watchServer();
    return zoneSide;
  }

  #watchServer(): void {
    this.#watch = setTimeout(async () => {
      await this.links.ensureServer().catch(this.#onTrouble);
      if (this.#watch !== undefined) this.#watchServer();
    }, WATCH_MS);
  }

  // ---- capacity --------------------------------------------------------------------------------------------

  /** Mbit/s of payload for all links together while the fault lasts; of several faults, the least. */
  async setCapacity(fault: string, mbit: number): Promise<void> {
    this.#capacities.set(fault, mbit);
    await this.#applyCapacity();
  }

  async clearCapacity(fault: string): Promise<void> {
    if (this.#capacities.delete(fault)) await this.#applyCapacity();
  }

  get #capacityMbit(): number {
    return Math.min(this.plan.capacityMbit, ...this.#capacities.values());
  }

  async #applyCapacity(): Promise<void> {
    const mbit = this.#capacityMbit;
    if (this.shaping === 'kernel') {
      const sample = await this.shell.reshape(rateOf(this.plan, mbit));
      this.#onReshaped({ ...sample, t: monotonicMs() });
    } else await this.#sharer.start({ id: CAPACITY, ports: this.#portsOf(this.#planned), mbit });
  }

  /** The capacity that is in force, Mbit/s of payload, as the kernel tells it, or as it was last shared out. */
  async capacityMbit(): Promise<number> {
    if (this.shaping === 'toxiproxy') return this.#capacityMbit;
    return ((await this.shell.rateBits()) * 1448) / 1514 / 1e6;
  }

  /** Whether the fault is one of those by which the capacity is what it is; of several, the least is in force. */
  async holdsCapacity(fault: string): Promise<boolean> {
    if (!this.#capacities.has(fault)) return false;
    return Math.abs((await this.capacityMbit()) / this.#capacityMbit - 1) < RATE_TOLERANCE;
  }

  /** One capacity for some links, shared over their live connections. */
  async cap(fault: string, links: readonly PlanLink[], mbit: number): Promise<void> {
    await this.#sharer.start({ id: fault, ports: this.#portsOf(links), mbit });
  }

  async uncap(fault: string): Promise<void> {
    await this.#sharer.stop(fault);
    await this.links.clear(fault);
  }

  // ---- packets ---------------------------------------------------------------------------------------------

  /** Drops every packet of these links, both ways, at the router's interfaces: a partition. */
  async dropPackets(fault: string, links: readonly PlanLink[]): Promise<void> {
    const matches = links.flatMap((link) => this.#packetsOf(link));
    const before = this.#drops.get(fault);
    const slot = before?.slot ?? this.#nextSlot++;
    this.#drops.set(fault, { slot, matches: matches.length });
    // A slot that is new holds nothing, and looking would come before the first packet that is dropped.
    if (before !== undefined) await this.shell.undrop(slot);
    await this.shell.drop(slot, matches);
  }

  async undropPackets(fault: string): Promise<void> {
    const drop = this.#drops.get(fault);
    if (drop === undefined) return;
    await this.shell.undrop(drop.slot);
    this.#drops.delete(fault);
  }

  /** Ends the links' open connections with a reset; where there is no NET_ADMIN, they are left to Toxiproxy. */
  async resetConnections(links: readonly PlanLink[]): Promise<void> {
    if (this.shaping !== 'kernel') return;
    const witnesses = links.flatMap(({ id }) => this.#witnesses.get(id)?.listenPort ?? []);
    await this.shell.resetConnections([...links.map((link) => link.listen.port), ...witnesses]);
  }

  /** Of the packets that a fault drops, the share for which the kernel has a filter. */
  async droppedShare(fault: string): Promise<number> {
    const drop = this.#drops.get(fault);
    if (drop === undefined) return 0;
    return ((await this.shell.dropped()).get(drop.slot) ?? 0) / drop.matches;
  }

  /**
   * Of a link's two connections (of its source to the router's port, of the router to its destination's), the
   * first: without it the second carries nothing. A source outside the zones has no address here, so its links go by
   * the second.
   */
  #packetsOf({ id, source, listen, upstream }: PlanLink): PacketMatch[] {
    const network = this.plan.attachments.find((one) => one.ip === listen.ip)?.network;
    const attachments = this.#containers.find((one) => one.id === source)?.attachments;
    const peer = attachments?.find((one) => one.network === network)?.ip;
    const side =
      peer === undefined
        ? { at: this.#addressTowards(upstream.ip), peer: upstream.ip, port: upstream.port, portOf: 'peer' as const }
        : { at: listen.ip, peer, port: listen.port, portOf: 'router' as const };
    const witness = this.#witnesses.get(id);
    const sides = [
      side,
      // Of a link that goes by its second connection, the witness does too, to an echo of its own.
      ...(witness === undefined ? [] : [{ ...side, port: peer === undefined ? witness.port : witness.listenPort }]),
    ];
    return sides.flatMap((one) => [
      { direction: 'ingress', ...one },
      { direction: 'egress', ...one },
    ]);
  }

  /** The router's links that have a witness. */
  #witnessed(): { readonly link: PlanLink; readonly witness: PlanWitness }[] {
    return this.#planned.flatMap((link) => {
      const witness = this.#witnesses.get(link.id);
      return witness === undefined ? [] : [{ link, witness }];
    });
  }

  /** Link by its witness: what a fault does to the one it does to the other. */
  #twins(): Map<string, string> {
    return new Map(this.#witnessed().map((one) => [proxyOf(one.link).name, witnessOf(one).name]));
  }

  /** The router's own address on the network of a container's. */
  #addressTowards(ip: string): string {
    const attachments = this.#containers.flatMap((one) => one.attachments);
    const network = attachments.find((one) => one.ip === ip)?.network;
    const own = this.plan.attachments.find((one) => one.network === network)?.ip;
    if (own === undefined) throw new Error(`${this.id} is on no network with ${ip}`);
    return own;
  }

  // ---- routes ----------------------------------------------------------------------------------------------

  /** Sends everything for these addresses to `gateway`. */
  async divert(fault: string, addresses: readonly string[], gateway: string): Promise<void> {
    this.#diversions.set(fault, { addresses, gateway });
    await this.shell.divert(addresses, gateway);
  }

  async undivert(fault: string): Promise<void> {
    const own = this.#diversions.get(fault);
    if (own === undefined) return;
    this.#diversions.delete(fault);
    const still = new Set([...this.#diversions.values()].flatMap(({ addresses }) => addresses));
    await this.shell.undivert(own.addresses.filter((address) => !still.has(address)));
  }

  /** Bytes that have crossed each link in connections that have ended, both ways, by the link's id. */
  async closedBytes(): Promise<(readonly [string, number])[]> {
    const bytes = await this.api.closedBytes();
    return this.#planned.map((link) => [link.id, bytes.get(proxyOf(link).name) ?? 0] as const);
  }

  // ---- the whole -------------------------------------------------------------------------------------------

  /** In words, every way in which the router differs from its plan and the faults in force. Read, not assumed. */
  async verify(): Promise<string[]> {
    const problems = await this.links.verify();
    if (this.shaping === 'kernel') {
      const wanted = frameBitsPerSecond(this.#capacityMbit);
      const rate = await this.shell.rateBits();
      // The kernel keeps whole bytes a second.
      if (Math.abs(rate - wanted) > 8) problems.push(`its queue sends ${rate} bit/s, not ${wanted}`);
      const slots = new Map([...this.#drops.values()].map(({ slot, matches }) => [slot, matches]));
      for (const [slot, matches] of await this.shell.dropped()) {
        if (slots.get(slot) !== matches) problems.push(`drops the packets of ${matches} filters that nobody set`);
      }
      const diverted = await this.shell.diverted();
      const wantedRoutes = new Set([...this.#diversions.values()].flatMap(({ addresses }) => addresses));
      for (const address of diverted.keys()) {
        if (!wantedRoutes.has(address)) problems.push(`has a route of its own to ${address}`);
      }
    }
    return problems.map((problem) => `${this.id}: ${problem}`);
  }

  #portsOf(links: readonly PlanLink[]): Map<string, number> {
    return new Map(links.map((link) => [proxyOf(link).name, link.listen.port]));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearTimeout(this.#watch);
    this.#watch = undefined;
    await this.#sharer[Symbol.asyncDispose]();
    await this.shell[Symbol.asyncDispose]();
  }
}

/**
 * One packet as the queue counts it, at the most: 64 KiB that TCP hands over at once, with the headers of the 46 frames
 * that it becomes (GSO).
 */
const LARGEST_PACKET_BYTES = 69_000;

/**
 * The burst of a lowered capacity still is as large as a packet that may stand in the queue: one that is larger than
 * the bucket would never get enough tokens, and keep everything behind it (sch_tbf: tokens are bounded by it). And not
 * larger than that: a bucket is full when it is set, and a capacity takes effect once that has passed.
 */
function rateOf(plan: PlanRouter, mbit: number): Rate {
  const burst = Math.max(burstBytes(mbit), Math.min(burstBytes(plan.capacityMbit), LARGEST_PACKET_BYTES));
  return { rateBits: frameBitsPerSecond(mbit), burstBytes: burst, limitBytes: plan.queueBytes };
}

/** The proxy beside a link's, with the same ends. */
function witnessOf({ link, witness }: { link: PlanLink; witness: PlanWitness }): LinkProxy {
  return {
    name: `witness.${proxyOf(link).name}`,
    listen: `${link.listen.ip}:${witness.listenPort}`,
    upstream: `${link.upstream.ip}:${witness.port}`,
  };
}

/**
 * A link is one proxy; the plane is the router's, so the name needs only the two ends, and the port where the link's own
 * id has it.
 */
export function proxyOf(link: PlanLink): LinkProxy {
  const { port } = link.upstream;
  return {
    name: `${link.source}.${link.destination}${link.id.includes(`:${port}@`) ? `:${port}` : ''}`,
    listen: `${link.listen.ip}:${link.listen.port}`,
    upstream: `${link.upstream.ip}:${link.upstream.port}`,
  };
}
