import { setTimeout as delay } from 'node:timers/promises';
import type Docker from 'dockerode';
import type { CommandChannel } from '../../fabric/router-shell.ts';
import { AttachedCommand } from '../containers/attached-command.ts';
import { EnvironmentError } from '../environment-error.ts';

/** What `bridge` says alone when interfaces came or went while the kernel listed them: other runs' too. */
const INTERRUPTED = /^[^:]*: (Dump was interrupted and may be inconsistent\.\s*)+\(after /;
const LISTINGS = 50;
const LISTING_MS = 20;

/** Networks by their names on the engine, each with how many ports have come to its bridge. */
export type Arrivals = ReadonlyMap<string, number>;

/** One of the engine's internal networks. */
export interface Bridge {
  readonly network: string;
  /** The name of its interface on the host. */
  readonly name: string;
}

/**
 * Keeps the containers of one network apart: their ports on the engine's bridge are isolated, the routers' ports
 * are not, so a container reaches a router and nothing else. A restarted container has a new port, which must be
 * isolated again.
 *
 * It counts: an engine whose bridges are called otherwise shows no port at all, of which each is isolated.
 */
export class Isolation implements AsyncDisposable {
  readonly #bridge: CommandChannel;
  readonly #bridges: readonly Bridge[];
  readonly #routerPorts = new Set<number>();
  /** Ports that were ever seen, by network. */
  readonly #seen = new Map<string, Set<number>>();
  /** Of these, how many are known to have come, by network. */
  readonly #expected = new Map<string, number>();

  /**
   * @param bridge attached `bridge -j -d -force -batch -` in the host's network namespace
   * @param bridges of the internal networks
   */
  constructor(bridge: CommandChannel, bridges: readonly Bridge[]) {
    this.#bridge = bridge;
    this.#bridges = bridges;
  }

  /**
   * @param helperId a helper in the host's network namespace
   * @param networks names of the internal networks on the engine
   */
  static async start(docker: Docker, helperId: string, networks: readonly string[]): Promise<Isolation> {
    const bridges = await Promise.all(
      networks.map(async (network) => ({ network, name: bridgeName(await docker.getNetwork(network).inspect()) })),
    );
    const bridge = await AttachedCommand.start(docker, helperId, ['bridge', '-j', '-d', '-force', '-batch', '-']);
    return new Isolation(bridge, bridges);
  }

  /** Ports that everybody reaches: the routers', by host interface index. */
  spare(routerPorts: readonly number[]): void {
    for (const port of routerPorts) this.#routerPorts.add(port);
  }

  /**
   * Isolates every port that is not a router's; returns how many were not yet.
   *
   * @param came ports that have come since the last call, routers' too
   * @throws EnvironmentError when fewer are found, so that some container may be where nobody looks
   */
  async enforce(came: Arrivals): Promise<number> {
    for (const [network, ports] of came) {
      this.#expected.set(network, (this.#expected.get(network) ?? 0) + ports);
    }
    const ports = await this.#ports();
    this.#count(ports);
    const open = ports.filter((port) => !port.isolated && !this.#routerPorts.has(port.index));
    if (open.length > 0) {
      const lines = open.map((port) => `link set dev ${port.name} isolated on`);
      await this.#list(lines);
    }
    const still = (await this.#ports()).filter((port) => !port.isolated && !this.#routerPorts.has(port.index));
    if (still.length > 0) throw new Error(`not isolated: ${still.map((port) => port.name).join(', ')}`);
    return open.length;
  }

  #count(ports: readonly Port[]): void {
    for (const { network, index } of ports) {
      const seen = this.#seen.get(network) ?? new Set();
      this.#seen.set(network, seen.add(index));
    }
    const missing = this.#bridges.flatMap(({ network, name }) => {
      const [found, expected] = [this.#seen.get(network)?.size ?? 0, this.#expected.get(network) ?? 0];
      return found < expected ? [`${found} of ${expected} on ${name} (${network})`] : [];
    });
    if (missing.length === 0) return;
    throw new EnvironmentError(
      `containers cannot be kept apart: fewer ports are on the engine's bridges than containers were attached: ${missing.join('; ')}`,
      'The engine makes its bridges otherwise than Docker does, or removes ports. `zonestorm doctor` says which it is.',
    );
  }

  /** All ports of the host as they are after these lines. One that was interrupted is listed again, whole. */
  async #list(lines: readonly string[] = []): Promise<string> {
    let still = lines;
    for (let listing = 1; ; listing += 1) {
      try {
        return await this.#bridge.request([...still, 'link show'], isJsonArray);
      } catch (error) {
        if (listing === LISTINGS || !INTERRUPTED.test((error as Error).message)) throw error;
      }
      // They were carried out; only the listing after them was not whole.
      still = [];
      await delay(LISTING_MS);
    }
  }

  async #ports(): Promise<Port[]> {
    const shown = JSON.parse(await this.#list()) as {
      ifindex: number;
      ifname: string;
      master?: string;
      isolated?: boolean;
    }[];
    return shown.flatMap((link) => {
      const on = this.#bridges.find(({ name }) => name === link.master);
      return on === undefined
        ? []
        : [{ network: on.network, index: link.ifindex, name: link.ifname, isolated: link.isolated ?? false }];
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#bridge[Symbol.asyncDispose]();
  }
}

interface Port {
  readonly network: string;
  readonly index: number;
  readonly name: string;
  readonly isolated: boolean;
}

/** An engine that was not told a name for a network's bridge calls it by the network's id. */
function bridgeName({ Id, Options }: Pick<Docker.NetworkInspectInfo, 'Id' | 'Options'>): string {
  return Options?.['com.docker.network.bridge.name'] ?? `br-${Id.slice(0, 12)}`;
}

function isJsonArray(output: string): boolean {
  return output.endsWith(']\n');
}
