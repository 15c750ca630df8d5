/** A command that answers requests on its stdin; see `AttachedCommand` in `harness/lab/`. */
export interface CommandChannel extends AsyncDisposable {
  request(lines: readonly string[], done: (output: string) => boolean): Promise<string>;
}

/** A token bucket: bit/s and bytes of whole frames; `limitBytes` is the queue's depth. */
export interface Rate {
  readonly rateBits: number;
  readonly burstBytes: number;
  readonly limitBytes: number;
}

const inWords = ({ rateBits, burstBytes, limitBytes }: Rate): string =>
  `rate ${rateBits}bit burst ${burstBytes} limit ${limitBytes}`;

const END_MARK = 'end-of-answer';

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

/** The one queue of a router. */
const QUEUE = 'ifb0';
/** Where packets go that a fault drops. Kernels without the action `drop` (act_gact) have this way too. */
const HOLE = 'hole';
/** Order of the filters on an interface: first what faults drop, then what is not queued, then everything else. */
const FIRST_DROP_PREF = 10;
/**
 * Each slot has one for each hook: u32 keeps the filters of an interface's two hooks in one place, and with the same
 * number it lists, and removes, those of both.
 */
const prefOf = (slot: number, direction: PacketMatch['direction']): number =>
  FIRST_DROP_PREF + 2 * slot + (direction === 'egress' ? 1 : 0);
const slotOf = (pref: number): number => Math.floor((pref - FIRST_DROP_PREF) / 2);
const ACKNOWLEDGEMENT_PREF = 9_000;
const EVERYTHING_PREF = 9_001;

/**
 * A TCP segment without payload: flags ACK alone (a segment with data that ends a write has PSH too) and an IPv4
 * length below 128. A capacity is payload; acknowledgements in the same queue would take their share of it, a sixth
 * where a shallow queue drops much (0.83 of 1 Mbit/s with 16 connections), as each loss makes many of them.
 */
const IS_ACKNOWLEDGEMENT = 'match ip protocol 6 0xff match u16 0x0000 0xff80 at 2 match u8 0x10 0xff at 33';

/** Of tc's JSON, which lists a filter's tables too; those have no action. */
interface Filter {
  readonly pref: number;
  readonly options?: { readonly actions?: unknown };
}

/** Packets of one direction of a link, as the router's interface sees them. */
export interface PacketMatch {
  readonly direction: 'ingress' | 'egress';
  /** The interface's own address, which says which of the router's interfaces it is. */
  readonly at: string;
  /** The other end. */
  readonly peer: string;
  /** The port by which the direction is told apart: of the router for its listening side, of the peer otherwise. */
  readonly port: number;
  readonly portOf: 'router' | 'peer';
}

/**
 * `ip` and `tc` in a router's network namespace, run by a helper container that shares it and has NET_ADMIN and
 * nothing else.
 */
export class RouterShell implements AsyncDisposable {
  readonly #ip: CommandChannel;
  readonly #tc: CommandChannel;
  readonly #sh: CommandChannel;
  /** Interface names by address. */
  #names = new Map<string, string>();
  #shaped: readonly string[] = [];

  /** `ip`: attached `ip -j -force -batch -`; `tc`: attached `tc -s -j -force -batch -`; `sh`: attached `sh`. */
  constructor(ip: CommandChannel, tc: CommandChannel, sh: CommandChannel) {
    this.#ip = ip;
    this.#tc = tc;
    this.#sh = sh;
  }

  async interfaces(): Promise<RouterInterface[]> {
    const output = await this.#ip.request(['addr show'], isJsonArray);
    const links = JSON.parse(output) as {
      ifname: string;
      link_index?: number;
      addr_info: { family: string; local: string }[];
    }[];
    const found = links.flatMap((link) => {
      const ip = link.addr_info.find((one) => one.family === 'inet')?.local;
      return ip === undefined || link.link_index === undefined
        ? []
        : [{ name: link.ifname, ip, hostIndex: link.link_index }];
    });
    this.#names = new Map(found.map((one) => [one.ip, one.name]));
    return found;
  }

  /**
   * One queue for everything that leaves by these interfaces: native and misrouted bytes share it, first in first
   * out. The egress of each is redirected to one `ifb` device that a token bucket shapes, but for bare
   * acknowledgements, which pass beside it.
   */
  async shape(interfaces: readonly string[], rate: Rate): Promise<void> {
    await this.#ip.request(
      [
        `link add ${QUEUE} type ifb`,
        `link set ${QUEUE} up`,
        `link add ${HOLE} type ifb`,
        `link set ${HOLE} up`,
        `link show dev ${QUEUE}`,
      ],
      isJsonArray,
    );
    this.#shaped = interfaces;
    const redirect = `action mirred egress redirect dev ${QUEUE}`;
    await this.#tc.request(
      [
        `qdisc add dev ${HOLE} root pfifo limit 0`,
        `qdisc add dev ${QUEUE} root tbf ${inWords(rate)}`,
        ...interfaces.flatMap((name) => [
          `qdisc add dev ${name} clsact`,
          `filter add dev ${name} egress pref ${ACKNOWLEDGEMENT_PREF} protocol ip u32 ${IS_ACKNOWLEDGEMENT} flowid 1:1`,
          `filter add dev ${name} egress pref ${EVERYTHING_PREF} protocol all u32 match u32 0 0 ${redirect}`,
        ]),
        `qdisc show dev ${QUEUE}`,
      ],
      isJsonArray,
    );
  }

  /** Another capacity for the queue, under everything that stands in it. Returns the queue as it was right before. */
  async reshape(rate: Rate): Promise<QueueSample> {
    const show = `qdisc show dev ${QUEUE}`;
    const lines = [show, `qdisc change dev ${QUEUE} root tbf ${inWords(rate)}`, show];
    const output = await this.#tc.request(lines, (text) => text.split(ARRAY_END).length > 2);
    return sampleOf(output.slice(0, output.indexOf(ARRAY_END) + ARRAY_END.length));
  }

  /** The capacity that the kernel has now, bit/s of frames. */
  async rateBits(): Promise<number> {
    const [tbf] = JSON.parse(await this.#tc.request([`qdisc show dev ${QUEUE}`], isJsonArray)) as {
      options: { rate: number };
    }[];
    if (tbf === undefined) throw new Error(`${QUEUE} has no queue`);
    return tbf.options.rate * 8;
  }

  /**
   * Drops these packets at the router's interfaces, in one batch. `slot`: numbers of their own for each fault, so
   * that two faults on one link end independently.
   */
  async drop(slot: number, matches: readonly PacketMatch[]): Promise<void> {
    const lines = matches.map(({ direction, at, peer, port, portOf }) => {
      const inward = direction === 'ingress';
      const ends = inward ? `match ip src ${peer}/32` : `match ip dst ${peer}/32`;
      // Ports as the packet has them: of its sender first.
      const which = (portOf === 'peer') === inward ? 'sport' : 'dport';
      return (
        `filter add dev ${this.#interface(at)} ${direction} pref ${prefOf(slot, direction)} protocol ip u32 ` +
        `match ip protocol 6 0xff ${ends} match ip ${which} ${port} 0xffff action mirred egress redirect dev ${HOLE}`
      );
    });
    await this.#tc.request([...lines, `qdisc show dev ${QUEUE}`], isJsonArray);
  }

  /** Lets the packets of a slot pass again. Nothing when it drops none. */
  async undrop(slot: number): Promise<void> {
    const lines = (await this.#filters()).flatMap(({ name, direction, filters }) => {
      const pref = prefOf(slot, direction);
      return filters.some((filter) => filter.pref === pref) ? [`filter del dev ${name} ${direction} pref ${pref}`] : [];
    });
    if (lines.length > 0) await this.#tc.request([...lines, `qdisc show dev ${QUEUE}`], isJsonArray);
  }

  /** How many packet matches each slot drops right now, read from the kernel. */
  async dropped(): Promise<ReadonlyMap<number, number>> {
    const counts = new Map<number, number>();
    for (const { filters } of await this.#filters()) {
      for (const { pref, options } of filters) {
        if (pref >= ACKNOWLEDGEMENT_PREF || options?.actions === undefined) continue;
        counts.set(slotOf(pref), (counts.get(slotOf(pref)) ?? 0) + 1);
      }
    }
    return counts;
  }

  async #filters(): Promise<{ name: string; direction: PacketMatch['direction']; filters: Filter[] }[]> {
    const found: { name: string; direction: PacketMatch['direction']; filters: Filter[] }[] = [];
    for (const name of this.#names.values()) {
      for (const direction of ['ingress', 'egress'] as const) {
        const output = await this.#tc.request([`filter show dev ${name} ${direction}`], isJsonArray);
        found.push({ name, direction, filters: JSON.parse(output) as Filter[] });
      }
    }
    return found;
  }

  #interface(address: string): string {
    const name = this.#names.get(address);
    if (name === undefined) throw new Error(`no interface has the address ${address}`);
    return name;
  }

  /**
   * Ends open connections on these ports of the router with a reset, which neither end of Toxiproxy's can do to a
   * connection that was open before (its toxic `reset_peer` sets SO_LINGER only when a connection begins).
   */
  async resetConnections(ports: readonly number[]): Promise<void> {
    if (ports.length === 0) return;
    const any = ports.map((port) => `sport = :${port}`).join(' or ');
    await this.#shell(`ss -K -Htn '( ${any} )' > /dev/null`);
  }

  /**
   * Makes attempts of the router to connect to these addresses, each `IP:PORT`, fail, for whichever link they are made;
   * connections stay open.
   */
  async endDials(destinations: readonly string[]): Promise<void> {
    const any = destinations.map((one) => `dst ${one}`).join(' or ');
    await this.#shell(`ss -K -Htn state syn-sent '( ${any} )' > /dev/null`);
  }

  /** Open connections by the router's own port. */
  async connections(): Promise<ReadonlyMap<number, number>> {
    const counts = new Map<number, number>();
    // Columns: number, local address:port and remote in hexadecimal, state (01: established); proc(5).
    for (const line of (await this.#shell('cat /proc/net/tcp')).split('\n')) {
      const [, local = '', , state] = line.trim().split(/\s+/);
      if (state !== '01') continue;
      const port = Number.parseInt(local.split(':')[1] ?? '', 16);
      counts.set(port, (counts.get(port) ?? 0) + 1);
    }
    return counts;
  }

  /**
   * Bytes of each open connection on one of the router's ports, [taken by Toxiproxy, acknowledged by the far end], by
   * its far end. What still stands in the kernel's receive buffer has not passed the router, so it does not count.
   */
  async connectionBytes(port: number): Promise<ReadonlyMap<string, readonly [number, number]>> {
    const found = new Map<string, readonly [number, number]>();
    const listing = await this.#shell(`ss -HtinO state established '( sport = :${port} )'`);
    for (const line of listing.split('\n')) {
      const [unread, , , peer] = line.trim().split(/\s+/);
      if (peer === undefined) continue;
      const count = (name: string): number => Number(new RegExp(`\\b${name}:(\\d+)`).exec(line)?.[1] ?? 0);
      found.set(peer, [count('bytes_received') - Number(unread), count('bytes_acked')]);
    }
    return found;
  }

  async #shell(command: string): Promise<string> {
    const output = await this.#sh.request([command, `echo ${END_MARK}`], (text) => text.endsWith(`${END_MARK}\n`));
    return output.slice(0, -END_MARK.length - 1);
  }

  async queue(): Promise<QueueSample> {
    const output = await this.#tc.request([`qdisc show dev ${QUEUE}`], isJsonArray);
    return sampleOf(output);
  }

  /** Bytes of frames that have left by the shaped interfaces beside the queue: bare acknowledgements. */
  async besideBytes(): Promise<number> {
    const interfaces = new Set(this.#shaped);
    // Name, then eight columns of what came in and eight of what went out, bytes first; proc(5).
    const sent = (await this.#shell('cat /proc/net/dev')).split('\n').map((line) => {
      const [name = '', columns = ''] = line.split(':');
      return interfaces.has(name.trim()) ? Number(columns.trim().split(/\s+/)[8]) : 0;
    });
    return sent.reduce((sum, bytes) => sum + bytes, 0) - (await this.queue()).frameBytes;
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
    await this.#sh[Symbol.asyncDispose]();
  }
}

/** `ip -j` and `tc -j` end each answer with the closing bracket of a JSON array and a line end. */
const ARRAY_END = ']\n';

function isJsonArray(output: string): boolean {
  return output.endsWith(ARRAY_END);
}

function sampleOf(answer: string): QueueSample {
  const [tbf] = JSON.parse(answer) as { bytes: number; packets: number; drops: number; backlog: number }[];
  if (tbf === undefined) throw new Error(`${QUEUE} has no queue`);
  return { frameBytes: tbf.bytes, packets: tbf.packets, drops: tbf.drops, backlogBytes: tbf.backlog };
}
