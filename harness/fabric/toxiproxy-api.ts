import { Toxiproxy } from 'toxiproxy-node-client';
import { DeadlineError, withDeadline } from '../time/deadline.ts';

/**
 * This Toxiproxy's control plane does not answer. It can wedge for good (shopify/toxiproxy issue 558), so callers
 * replace the router rather than wait.
 */
export class WedgedToxiproxyError extends Error {
  override readonly name = 'WedgedToxiproxyError';
}

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

  constructor(router: string, url: string, limitMs: number) {
    this.#client = new Toxiproxy(url);
    this.#router = router;
    this.#limitMs = limitMs;
  }

  version(): Promise<string> {
    return this.#bounded('version', this.#client.getVersion());
  }

  async create(proxies: readonly LinkProxy[]): Promise<void> {
    if (proxies.length === 0) return;
    await this.#bounded('populate', this.#client.populate(proxies.map((proxy) => ({ ...proxy, enabled: true }))));
  }

  /** Re-points a proxy. Its open connections are closed, which is what Toxiproxy does on any change of address. */
  async repoint(proxy: LinkProxy, upstream: string): Promise<void> {
    await this.#update(proxy, { listen: proxy.listen, upstream, enabled: true });
  }

  /** Disabled: open connections are closed and new ones refused. */
  async setEnabled(proxy: LinkProxy, enabled: boolean): Promise<void> {
    await this.#update(proxy, { listen: proxy.listen, upstream: proxy.upstream, enabled });
  }

  async remove(name: string): Promise<void> {
    const proxy = await this.#bounded(`get ${name}`, this.#client.get(name));
    await this.#bounded(`delete ${name}`, proxy.remove());
  }

  /** Every proxy as the server has it now, by name. */
  async all(): Promise<ReadonlyMap<string, LinkProxy & { readonly enabled: boolean }>> {
    const proxies = await this.#bounded('list', this.#client.getAll());
    return new Map(
      Object.values(proxies).map(({ name, listen, upstream, enabled }) => [name, { name, listen, upstream, enabled }]),
    );
  }

  async #update(proxy: LinkProxy, body: { listen: string; upstream: string; enabled: boolean }): Promise<void> {
    const current = await this.#bounded(`get ${proxy.name}`, this.#client.get(proxy.name));
    await this.#bounded(`update ${proxy.name}`, current.update(body));
  }

  async #bounded<T>(call: string, promise: Promise<T>): Promise<T> {
    try {
      return await withDeadline(promise, this.#limitMs, `${call} of ${this.#router}'s Toxiproxy`);
    } catch (error) {
      if (error instanceof DeadlineError) throw new WedgedToxiproxyError(error.message, { cause: error });
      throw error;
    }
  }
}
