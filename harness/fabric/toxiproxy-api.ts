import { setTimeout as delay } from 'node:timers/promises';
import { type Proxy as RemoteProxy, type Toxic as RemoteToxic, Toxiproxy } from 'toxiproxy-node-client';
import { DeadlineError, withDeadline } from '../time/deadline.ts';
import type { ProxyState, Toxic } from './link-effect.ts';

/**
 * This Toxiproxy's control plane does not answer, or nobody is there who could. It can wedge for good
 * (https://github.com/Shopify/toxiproxy/issues/558), so callers replace it rather than wait.
 */
export class WedgedToxiproxyError extends Error {
  override readonly name = 'WedgedToxiproxyError';
  /** Its process has ended; otherwise it is there and hangs. */
  readonly hasEnded: boolean;

  constructor(message: string, hasEnded: boolean, cause: Error) {
    super(message, { cause });
    this.hasEnded = hasEnded;
  }
}

const READY_POLL_MS = 10;
/** One call opens all of them, one after the other: 150 in the place of a server that was replaced took over 2.5 s. */
const CREATE_EACH_MS = 50;
/** Of the client's error when `fetch` got no answer: refused, or the connection ended; one with a status is another. */
const NOBODY_THERE = 'fetch failed';

export interface LinkProxy {
  readonly name: string;
  /** Always concrete addresses: Toxiproxy stores `0.0.0.0` as `[::]`, and a repeated update would restart the proxy. */
  readonly listen: string;
  readonly upstream: string;
}

/** One router's Toxiproxy; every call has a time limit, since the client has none of its own. */
export class ToxiproxyApi {
  readonly #client: Toxiproxy;
  readonly #router: string;
  readonly #limitMs: number;
  /** The client's handles, so that a change is one call and not two. */
  readonly #proxies = new Map<string, RemoteProxy>();
  /** By proxy and toxic, with a space between. */
  readonly #toxics = new Map<string, RemoteToxic<unknown>>();

  constructor(router: string, url: string, limitMs: number) {
    this.#client = new Toxiproxy(url);
    this.#router = router;
    this.#limitMs = limitMs;
  }

  version(): Promise<string> {
    return this.#bounded('version', this.#client.getVersion());
  }

  /** Resolves when the server answers. @throws Error when it has not within `limitMs`. */
  async ready(limitMs: number): Promise<void> {
    const deadline = Date.now() + limitMs;
    for (;;) {
      try {
        await this.version();
        return;
      } catch (error) {
        if (Date.now() > deadline) throw error;
        await delay(READY_POLL_MS);
      }
    }
  }

  /** `enabled` (true): whether they listen at once. */
  async create(proxies: readonly (LinkProxy & { readonly enabled?: boolean })[]): Promise<void> {
    if (proxies.length === 0) return;
    const bodies = proxies.map((proxy) => ({ enabled: true, ...proxy }));
    const limitMs = this.#limitMs + CREATE_EACH_MS * bodies.length;
    const created = await this.#bounded('populate', this.#client.populate(bodies), limitMs);
    for (const proxy of Object.values(created)) this.#proxies.set(proxy.name, proxy);
  }

  /**
   * Changes where a proxy leads and whether it listens. Either closes its open connections, which is what Toxiproxy
   * does on any change of address.
   */
  async update(proxy: LinkProxy, enabled: boolean): Promise<void> {
    const { name, listen, upstream } = proxy;
    await this.#bounded(`update ${name}`, this.#proxy(name).update({ listen, upstream, enabled }));
  }

  async addToxic(proxy: string, name: string, { type, stream, attributes }: Toxic): Promise<void> {
    const body = { name, type, stream, toxicity: 1, attributes: { ...attributes } };
    const added = await this.#bounded(`add ${name} to ${proxy}`, this.#proxy(proxy).addToxic<unknown>(body));
    this.#toxics.set(`${proxy} ${name}`, added);
  }

  /** Of a `timeout` toxic this closes the connections that it held. */
  async removeToxic(proxy: string, name: string): Promise<void> {
    await this.#bounded(`remove ${name} from ${proxy}`, this.#toxic(proxy, name).remove());
    this.#toxics.delete(`${proxy} ${name}`);
  }

  async remove(name: string): Promise<void> {
    await this.#bounded(`delete ${name}`, this.#proxy(name).remove());
    this.#proxies.delete(name);
  }

  /** Every proxy as the server has it now, by name, with its toxics. */
  async all(): Promise<ReadonlyMap<string, ProxyState>> {
    // The client's own list leaves the toxics out.
    const { data } = await this.#bounded(
      'list',
      this.#client.getApi().get<ProxiesBody>(`${this.#client.host}/proxies`),
    );
    return new Map(
      Object.values(data).map(({ name, listen, upstream, enabled, toxics }) => [
        name,
        { name, listen, upstream, enabled, toxics: new Map(toxics.map((toxic) => [toxic.name, toxic])) },
      ]),
    );
  }

  /** Bytes of connections that have ended, by proxy: Toxiproxy adds them up when a connection closes. */
  async closedBytes(): Promise<ReadonlyMap<string, number>> {
    const text = await this.#bounded('metrics', this.#client.getApi().getText(`${this.#client.host}/metrics`));
    const sums = new Map<string, number>();
    for (const line of text.split('\n')) {
      if (!line.startsWith('toxiproxy_proxy_received_bytes_total{')) continue;
      const proxy = /[{,]proxy="([^"]*)"/.exec(line)?.[1] ?? '';
      sums.set(proxy, (sums.get(proxy) ?? 0) + Number(line.slice(line.lastIndexOf(' '))));
    }
    return sums;
  }

  #proxy(name: string): RemoteProxy {
    const proxy = this.#proxies.get(name);
    if (proxy === undefined) throw new Error(`${this.#router} has no proxy ${name}`);
    return proxy;
  }

  #toxic(proxy: string, name: string): RemoteToxic<unknown> {
    const toxic = this.#toxics.get(`${proxy} ${name}`);
    if (toxic === undefined) throw new Error(`${this.#router}: ${proxy} has no toxic ${name}`);
    return toxic;
  }

  async #bounded<T>(call: string, promise: Promise<T>, limitMs = this.#limitMs): Promise<T> {
    try {
      return await withDeadline(promise, limitMs, `${call} of ${this.#router}'s Toxiproxy`);
    } catch (error) {
      if (error instanceof DeadlineError) throw new WedgedToxiproxyError(error.message, false, error);
      const { message } = error as Error;
      if (message === NOBODY_THERE) {
        throw new WedgedToxiproxyError(`${call} of ${this.#router}'s Toxiproxy: nobody answers`, true, error as Error);
      }
      throw error;
    }
  }
}

/** `GET /proxies`, https://github.com/Shopify/toxiproxy#http-api */
type ProxiesBody = Readonly<
  Record<
    string,
    LinkProxy & { readonly enabled: boolean; readonly toxics: readonly (Toxic & { readonly name: string })[] }
  >
>;
