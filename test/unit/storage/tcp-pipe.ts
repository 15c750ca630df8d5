import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import type { Dial } from '../../../harness/scenario/container-config.ts';

interface Pair {
  readonly inner: Socket;
  outer: Socket | null;
}

/**
 * A link for tests: real connections, passed on byte by byte. `hold` keeps every connection open and lets nothing
 * through in either direction, as a network without capacity does; `release` lets it all through again.
 */
export class TcpPipe {
  readonly #upstream: Dial;
  readonly #server: Server;
  readonly #pairs = new Set<Pair>();
  #held = false;
  /** Every byte takes this much longer, in order. */
  delayMs = 0;

  private constructor(upstream: Dial, server: Server) {
    this.#upstream = upstream;
    this.#server = server;
    server.on('connection', (inner: Socket) => this.#accept(inner));
  }

  static async open(host: string, upstream: Dial): Promise<TcpPipe> {
    const server = createServer();
    const pipe = new TcpPipe(upstream, server);
    server.listen(0, host);
    await once(server, 'listening');
    return pipe;
  }

  get dial(): Dial {
    const { address, port } = this.#server.address() as AddressInfo;
    return { host: address, port };
  }

  hold(): void {
    this.#held = true;
    for (const { inner, outer } of this.#pairs) {
      inner.pause();
      outer?.pause();
    }
  }

  release(): void {
    this.#held = false;
    for (const pair of this.#pairs) {
      if (pair.outer === null) this.#join(pair);
      pair.inner.resume();
      pair.outer?.resume();
    }
  }

  /** Closes every connection; new ones are taken as before. */
  breakConnections(): void {
    for (const { inner, outer } of this.#pairs) {
      inner.destroy();
      outer?.destroy();
    }
  }

  async close(): Promise<void> {
    this.breakConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #accept(inner: Socket): void {
    const pair: Pair = { inner, outer: null };
    this.#pairs.add(pair);
    inner.pause();
    inner.on('error', () => undefined);
    inner.on('close', () => {
      this.#pairs.delete(pair);
      pair.outer?.destroy();
    });
    if (!this.#held) this.#join(pair);
  }

  #join(pair: Pair): void {
    const outer = connect({ ...this.#upstream, noDelay: true });
    pair.outer = outer;
    outer.on('error', () => undefined);
    outer.on('close', () => pair.inner.destroy());
    outer.on('data', (chunk) => this.#pass(pair.inner, chunk));
    pair.inner.on('data', (chunk) => this.#pass(outer, chunk));
    outer.on('connect', () => {
      if (this.#held) outer.pause();
      else pair.inner.resume();
    });
  }

  #pass(to: Socket, chunk: Buffer): void {
    if (this.delayMs === 0) to.write(chunk);
    else setTimeout(() => to.writable && to.write(chunk), this.delayMs);
  }
}
