import { setTimeout as delay } from 'node:timers/promises';
import { combine, differences, type LinkEffect, marksConnections, type ProxyState } from './link-effect.ts';
import { type LinkProxy, type ToxiproxyApi, WedgedToxiproxyError } from './toxiproxy-api.ts';

/** A single request may meet a connection that has just been closed; a server that has ended still is then. */
const ENDED_FOR_MS = 200;
/** A link is changed within milliseconds; one that still is not by then may wait for a dial, again and again. */
const DIAL_POLL_MS = 100;

const ignore = (): void => undefined;

interface Entry {
  readonly base: LinkProxy;
  /** By fault, in the order in which they were applied. */
  readonly effects: Map<string, LinkEffect>;
  /** As the server has it, by the answers to our calls. */
  actual: ProxyState;
}

/**
 * A router's links as they should be, and the calls that make them so. Every fault's effect on a link is kept by the
 * fault's id; what the server is told is the sum. A server that stops answering is replaced, and gets the same sum.
 */
export class LinkTable {
  readonly #api: ToxiproxyApi;
  readonly #entries = new Map<string, Entry>();
  readonly #replaceServer: (reason: string) => Promise<void>;
  /** One change at a time: two faults may meet on one link. */
  #turn: Promise<unknown> = Promise.resolve();

  readonly #twins: ReadonlyMap<string, string>;
  readonly #endDials: (upstreams: readonly string[]) => Promise<void>;

  /**
   * @param replaceServer puts an empty server in the place of one that does not answer, at the same address
   * @param endDials makes the server's attempts to connect to these addresses, each `IP:PORT`, fail now
   * @param twins link by witness: both get the same toxics and the same refusals
   */
  constructor(
    api: ToxiproxyApi,
    replaceServer: (reason: string) => Promise<void>,
    endDials: (upstreams: readonly string[]) => Promise<void>,
    twins: ReadonlyMap<string, string> = new Map(),
  ) {
    this.#api = api;
    this.#replaceServer = replaceServer;
    this.#endDials = endDials;
    this.#twins = twins;
  }

  get names(): readonly string[] {
    return [...this.#entries.keys()];
  }

  /** Creates links that lead where they should and let everything pass. */
  open(links: readonly LinkProxy[]): Promise<void> {
    return this.#inTurn(async () => {
      await this.#orReplaced(() => this.#api.create(links));
      for (const base of links) {
        this.#entries.set(base.name, { base, effects: new Map(), actual: combine(base, new Map()) });
      }
    });
  }

  /** Removes links that a fault had opened. */
  close(names: readonly string[]): Promise<void> {
    return this.#inTurn(async () => {
      for (const name of names.filter((one) => this.#entries.has(one))) {
        const upstream = this.#entries.get(name)?.actual.upstream ?? '';
        await this.#orReplaced(() => this.#withoutDials(upstream, this.#api.remove(name)));
        this.#entries.delete(name);
      }
    });
  }

  /**
   * Sets what one fault does to these links; what it did to others stays. All changes are under way at once.
   *
   * @param onDone is told of each link when the server has answered that it is so
   */
  set(fault: string, effects: ReadonlyMap<string, LinkEffect>, onDone: (name: string) => void = ignore): Promise<void> {
    const all = this.#withTwins(effects);
    const change = (entry: Entry, name: string): void => {
      const effect = all.get(name);
      if (effect !== undefined) entry.effects.set(fault, effect);
    };
    return this.#change([...all.keys()], change, onDone);
  }

  /** A witness leads to an echo of its own, so that no fault re-points it. */
  #withTwins(effects: ReadonlyMap<string, LinkEffect>): Map<string, LinkEffect> {
    const all = new Map(effects);
    for (const [name, effect] of effects) {
      const twin = this.#twins.get(name);
      if (twin !== undefined && effect.upstream === undefined) all.set(twin, effect);
    }
    return all;
  }

  /** Ends what one fault does, wherever it does it; nothing when it does nothing. `onDone` as in `set`. */
  clear(fault: string, onDone: (name: string) => void = ignore): Promise<void> {
    const names = this.names.filter((name) => this.#entries.get(name)?.effects.has(fault) === true);
    return this.#change(names, (entry) => entry.effects.delete(fault), onDone);
  }

  /** Links on which the server's own answer shows the effects that it should, of those that a fault touches. */
  async inForce(fault: string, names: readonly string[]): Promise<number> {
    const found = await this.#reading();
    const right = names.filter((name) => {
      const entry = this.#entries.get(name);
      if (entry === undefined || !entry.effects.has(fault)) return false;
      return differences(combine(entry.base, entry.effects), found.get(name)).length === 0;
    });
    return right.length / names.length;
  }

  /** In words, every way in which the server differs from what the faults in force make of it. Read, not assumed. */
  async verify(): Promise<string[]> {
    const found = await this.#reading();
    const strangers = [...found.keys()].filter((name) => !this.#entries.has(name)).map((name) => `${name} is not ours`);
    const ours = [...this.#entries.values()].flatMap(({ base, effects }) =>
      differences(combine(base, effects), found.get(base.name)),
    );
    return [...strangers, ...ours];
  }

  /** Puts a server with all links and effects in the place of one that has ended, when it has. */
  ensureServer(): Promise<void> {
    return this.#inTurn(async () => {
      if (!(await this.#hasEnded())) return;
      await delay(ENDED_FOR_MS);
      if (await this.#hasEnded()) await this.#orReplaced(() => this.#api.version());
    });
  }

  /** One that hangs is left to the call that needs it: a busy machine makes a server slow, and nothing is lost yet. */
  async #hasEnded(): Promise<boolean> {
    try {
      await this.#api.version();
      return false;
    } catch (error) {
      return error instanceof WedgedToxiproxyError && error.hasEnded;
    }
  }

  #reading(): Promise<ReadonlyMap<string, ProxyState>> {
    return this.#inTurn(() => this.#orReplaced(() => this.#api.all()));
  }

  #change(
    names: readonly string[],
    change: (entry: Entry, name: string) => void,
    onDone: (name: string) => void,
  ): Promise<void> {
    return this.#inTurn(async () => {
      const entries = names.map((name) => {
        const entry = this.#entries.get(name);
        if (entry === undefined) throw new Error(`no link ${name}`);
        change(entry, name);
        return entry;
      });
      await this.#orReplaced(() => this.#reconcileAll(entries, onDone));
    });
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(work);
    this.#turn = result.catch(() => undefined);
    return result;
  }

  async #orReplaced<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof WedgedToxiproxyError)) throw error;
      await this.#replaceServer(error.message);
      await this.#restore();
      return await call();
    }
  }

  /**
   * Everything anew on an empty server. A link that a fault touches listens only once it has all of its effects: its
   * programs dial again at once, and what was cut would be open to them meanwhile.
   */
  async #restore(): Promise<void> {
    const entries = [...this.#entries.values()];
    await this.#api.create(entries.map(({ base, effects }) => ({ ...base, enabled: effects.size === 0 })));
    for (const entry of entries) {
      entry.actual = { ...combine(entry.base, new Map()), enabled: entry.effects.size === 0 };
    }
    await this.#reconcileAll(entries);
  }

  /** All are over when this ends: a call that still were under way would meet the server that is put in its place. */
  async #reconcileAll(entries: readonly Entry[], onDone: (name: string) => void = ignore): Promise<void> {
    const results = await Promise.allSettled(
      entries.map((entry) => this.#reconcile(entry).then(() => onDone(entry.base.name))),
    );
    const errors = results.flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : []));
    if (errors.length > 0) throw errors.find((one) => one instanceof WedgedToxiproxyError) ?? errors[0];
  }

  /**
   * Toxiproxy stops a proxy once its accept loop comes back, and that dials the destination of each connection first:
   * to a dead node that takes until the kernel gives up, 3 s of ARP on the same network, more where packets are
   * dropped (`proxy.go`, `server` and `Stop`, of 2.12.0). A link that stops needs no such connection any more.
   */
  async #withoutDials(upstream: string, change: Promise<void>): Promise<void> {
    let isOver = false;
    const over = change.finally(() => {
      isOver = true;
    });
    for (;;) {
      await Promise.race([over, delay(DIAL_POLL_MS, undefined, { ref: false })]);
      if (isOver) return await over;
      await this.#endDials([upstream]);
    }
  }

  /**
   * What goes before what comes, the last in the chain first: Toxiproxy hands what a toxic held to the next one, and
   * waits for it, which takes seconds where that is a slower one. Toxics before the proxy itself: a link that a fault lets listen again has its toxics before its first
   * connection (Toxiproxy cannot make both at once, https://github.com/Shopify/toxiproxy/issues/148). Where a toxic
   * leaves its mark on connections, they go before it does, and none comes while it goes.
   */
  async #reconcile(entry: Entry): Promise<void> {
    const wanted = combine(entry.base, entry.effects);
    const { name } = wanted;
    const toxics = new Map(entry.actual.toxics);
    entry.actual = { ...entry.actual, toxics };
    const leaving = [...toxics].reverse().filter(([id]) => !wanted.toxics.has(id));
    if (leaving.some(([, toxic]) => marksConnections(toxic)))
      await this.#switch(entry, { ...entry.actual, enabled: false });
    for (const [id] of leaving) {
      await this.#api.removeToxic(name, id);
      toxics.delete(id);
    }
    for (const [id, toxic] of wanted.toxics) {
      if (toxics.has(id)) continue;
      await this.#api.addToxic(name, id, toxic);
      toxics.set(id, toxic);
    }
    await this.#switch(entry, wanted);
  }

  /** Where the link leads and whether it listens; any change closes its connections. */
  async #switch(entry: Entry, wanted: ProxyState): Promise<void> {
    if (entry.actual.enabled === wanted.enabled && entry.actual.upstream === wanted.upstream) return;
    await this.#withoutDials(entry.actual.upstream, this.#api.update(wanted, wanted.enabled));
    entry.actual = { ...entry.actual, enabled: wanted.enabled, upstream: wanted.upstream };
  }
}
