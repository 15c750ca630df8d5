import { setTimeout as delay } from 'node:timers/promises';
import type Docker from 'dockerode';
import type { CommandChannel } from '../../fabric/router-shell.ts';
import { AttachedCommand } from '../containers/attached-command.ts';

/** What `bridge` says alone when interfaces came or went while the kernel listed them: other runs' too. */
const INTERRUPTED = /^[^:]*: (Dump was interrupted and may be inconsistent\.\s*)+\(after /;
const LISTINGS = 50;
const LISTING_MS = 20;

/**
 * Keeps the containers of one network apart: their ports on the engine's bridge are isolated, the routers' ports
 * are not, so a container reaches a router and nothing else. A restarted container has a new port, which must be
 * isolated again.
 */
export class Isolation implements AsyncDisposable {
  readonly #bridge: CommandChannel;
  readonly #bridges: readonly string[];
  readonly #routerPorts = new Set<number>();

  /**
   * @param bridge attached `bridge -j -d -force -batch -` in the host's network namespace
   * @param bridges of the internal networks
   */
  constructor(bridge: CommandChannel, bridges: readonly string[]) {
    this.#bridge = bridge;
    this.#bridges = bridges;
  }

  /**
   * @param helperId a helper in the host's network namespace
   * @param networks names of the internal networks on the engine
   */
  static async start(docker: Docker, helperId: string, networks: readonly string[]): Promise<Isolation> {
    const bridges = await Promise.all(
      networks.map(async (name) => {
        const network = (await docker.getNetwork(name).inspect()) as { Id: string };
        return `br-${network.Id.slice(0, 12)}`;
      }),
    );
    const bridge = await AttachedCommand.start(docker, helperId, ['bridge', '-j', '-d', '-force', '-batch', '-']);
    return new Isolation(bridge, bridges);
  }

  /** Ports that everybody reaches: the routers', by host interface index. */
  spare(routerPorts: readonly number[]): void {
    for (const port of routerPorts) this.#routerPorts.add(port);
  }

  /** Isolates every port that is not a router's; returns how many were not yet. */
  async enforce(): Promise<number> {
    const open = (await this.#ports()).filter((port) => !port.isolated && !this.#routerPorts.has(port.index));
    if (open.length > 0) {
      const lines = open.map((port) => `link set dev ${port.name} isolated on`);
      await this.#list(lines);
    }
    const still = (await this.#ports()).filter((port) => !port.isolated && !this.#routerPorts.has(port.index));
    if (still.length > 0) throw new Error(`not isolated: ${still.map((port) => port.name).join(', ')}`);
    return open.length;
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

  async #ports(): Promise<{ index: number; name: string; isolated: boolean }[]> {
    const ports: { index: number; name: string; isolated: boolean }[] = [];
    const shown = JSON.parse(await this.#list()) as {
      ifindex: number;
      ifname: string;
      master?: string;
      isolated?: boolean;
    }[];
    for (const link of shown) {
      if (link.master !== undefined && this.#bridges.includes(link.master)) {
        ports.push({ index: link.ifindex, name: link.ifname, isolated: link.isolated ?? false });
      }
    }
    return ports;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#bridge[Symbol.asyncDispose]();
  }
}

function isJsonArray(output: string): boolean {
  return output.endsWith(']\n');
}
