/** A command that answers requests on its stdin; see `AttachedCommand` in `harness/lab/`. */
export interface CommandChannel extends AsyncDisposable {
  request(lines: readonly string[], done: (output: string) => boolean): Promise<string>;
}

/** One interface of a router. `hostIndex`: of its other end on the engine's bridge. */
export interface RouterInterface {
  readonly name: string;
  readonly ip: string;
  readonly hostIndex: number;
}

/** A router's queue as the kernel counts it; cumulative but for the backlog. Bytes are of frames. */
export interface QueueSample {
  readonly frameBytes: number;
  readonly packets: number;
  readonly drops: number;
  readonly backlogBytes: number;
}

const QUEUE = 'ifb0';

/**
 * `ip` and `tc` in a router's network namespace, run by a helper container that shares it and has NET_ADMIN and
 * nothing else.
 */
export class RouterShell implements AsyncDisposable {
  readonly #ip: CommandChannel;
  readonly #tc: CommandChannel;

  /** `ip`: attached `ip -j -force -batch -`; `tc`: attached `tc -s -j -force -batch -`. */
  constructor(ip: CommandChannel, tc: CommandChannel) {
    this.#ip = ip;
    this.#tc = tc;
  }

  async interfaces(): Promise<RouterInterface[]> {
    const output = await this.#ip.request(['addr show'], isJsonArray);
    const links = JSON.parse(output) as {
      ifname: string;
      link_index?: number;
      addr_info: { family: string; local: string }[];
    }[];
    return links.flatMap((link) => {
      const ip = link.addr_info.find((one) => one.family === 'inet')?.local;
      return ip === undefined || link.link_index === undefined
        ? []
        : [{ name: link.ifname, ip, hostIndex: link.link_index }];
    });
  }

  /**
   * One queue for everything that leaves by these interfaces: native and misrouted bytes share it, first in first
   * out. The egress of each is redirected to one `ifb` device that a token bucket shapes.
   */
  async shape(interfaces: readonly string[], rateBits: number, burstBytes: number, limitBytes: number): Promise<void> {
    await this.#ip.request(
      [`link add ${QUEUE} type ifb`, `link set ${QUEUE} up`, `link show dev ${QUEUE}`],
      isJsonArray,
    );
    await this.#tc.request(
      [
        `qdisc add dev ${QUEUE} root tbf rate ${rateBits}bit burst ${burstBytes} limit ${limitBytes}`,
        ...interfaces.flatMap((name) => [
          `qdisc add dev ${name} clsact`,
          `filter add dev ${name} egress protocol all u32 match u32 0 0 action mirred egress redirect dev ${QUEUE}`,
        ]),
        `qdisc show dev ${QUEUE}`,
      ],
      isJsonArray,
    );
  }

  async queue(): Promise<QueueSample> {
    const output = await this.#tc.request([`qdisc show dev ${QUEUE}`], isJsonArray);
    const [tbf] = JSON.parse(output) as { bytes: number; packets: number; drops: number; backlog: number }[];
    if (tbf === undefined) throw new Error(`${QUEUE} has no queue`);
    return { frameBytes: tbf.bytes, packets: tbf.packets, drops: tbf.drops, backlogBytes: tbf.backlog };
  }

  /** Sends everything for these addresses to `gateway`, in one batch. */
  async divert(addresses: readonly string[], gateway: string): Promise<void> {
    await this.#ip.request(
      [...addresses.map((address) => `route replace ${address}/32 via ${gateway}`), 'route show default'],
      isJsonArray,
    );
  }

  /** Back to the direct way, in one batch. */
  async undivert(addresses: readonly string[]): Promise<void> {
    const diverted = new Set((await this.#routes()).map((route) => route.dst));
    const lines = addresses.filter((address) => diverted.has(address)).map((address) => `route del ${address}/32`);
    await this.#ip.request([...lines, 'route show default'], isJsonArray);
  }

  /** Addresses that have a route of their own, with its gateway: what is diverted right now. */
  async diverted(): Promise<ReadonlyMap<string, string>> {
    const routes = (await this.#routes()).filter((route) => route.gateway !== undefined && route.dst !== 'default');
    return new Map(routes.map((route) => [route.dst, route.gateway ?? '']));
  }

  async #routes(): Promise<{ dst: string; gateway?: string }[]> {
    return JSON.parse(await this.#ip.request(['route show'], isJsonArray)) as { dst: string; gateway?: string }[];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#ip[Symbol.asyncDispose]();
    await this.#tc[Symbol.asyncDispose]();
  }
}

/** `ip -j` and `tc -j` end each answer with the closing bracket of a JSON array and a line end. */
function isJsonArray(output: string): boolean {
  return /\]\s*$/.test(output);
}
