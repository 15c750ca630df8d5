import type { LinkEffect } from './link-effect.ts';

/** Toxiproxy's unit: 1000 bytes a second, whole numbers above 0 (below 0 the server ends, 0 stalls). */
const KB_PER_MBIT = 125;
const SHARE_INTERVAL_MS = 100;
/**
 * Rounds for which the count has to stay before rates rise. Connections that end together do so within a tenth of a
 * second, and a toxic that is changed while its connection ends may hang the server for good
 * (https://github.com/Shopify/toxiproxy/issues/558).
 */
const CALM_ROUNDS = 4;

/** Some links that together get one capacity. */
export interface SharedRate {
  /** The id under which its effects stand in the link table. */
  readonly id: string;
  /** Link names with the router's port that each listens on. */
  readonly ports: ReadonlyMap<string, number>;
  readonly mbit: number;
}

/**
 * Shares a capacity out over live connections by Toxiproxy's `bandwidth` toxic, which by itself holds for each
 * connection and direction (https://github.com/Shopify/toxiproxy/issues/190). Ten times a second the open connections
 * are counted in the kernel, and each gets an equal part.
 *
 * What it cannot do: an idle connection keeps its part, a direction of its own capacity each, and a part is a whole
 * number of kB/s, so that many connections on a thin link get up to 1 kB/s too much or too little each.
 */
export class RateSharer implements AsyncDisposable {
  readonly #connections: () => Promise<ReadonlyMap<number, number>>;
  readonly #set: (id: string, effects: ReadonlyMap<string, LinkEffect>) => Promise<void>;
  readonly #shares = new Map<string, Shared>();
  readonly #onTrouble: (error: Error) => void;
  #timer: NodeJS.Timeout | null = null;
  #busy: Promise<void> = Promise.resolve();
  #isSharing = false;

  constructor(
    connections: () => Promise<ReadonlyMap<number, number>>,
    set: (id: string, effects: ReadonlyMap<string, LinkEffect>) => Promise<void>,
    onTrouble: (error: Error) => void,
  ) {
    this.#connections = connections;
    this.#set = set;
    this.#onTrouble = onTrouble;
  }

  /** In force when this resolves; kept up from then on. */
  async start(share: SharedRate): Promise<void> {
    this.#shares.set(share.id, { share, applied: 0, seen: 0, calm: 0 });
    await this.#round();
    this.#timer ??= setInterval(() => {
      // Rounds that were late and then followed one another at once would make nothing of the calm.
      if (!this.#isSharing) void this.#round().catch(this.#onTrouble);
    }, SHARE_INTERVAL_MS);
  }

  /** Forgets a share; its effects are the caller's to clear. Resolves when nothing of it is under way any more. */
  async stop(id: string): Promise<void> {
    this.#shares.delete(id);
    if (this.#shares.size === 0 && this.#timer !== null) {
      clearInterval(this.#timer);
      this.#timer = null;
    }
    await this.#busy.catch(() => undefined);
  }

  #round(): Promise<void> {
    this.#isSharing = true;
    const round = this.#busy
      .catch(() => undefined)
      .then(() => this.#share())
      .finally(() => {
        this.#isSharing = this.#busy !== round;
      });
    this.#busy = round;
    return round;
  }

  async #share(): Promise<void> {
    if (this.#shares.size === 0) return;
    const live = await this.#connections();
    for (const shared of this.#shares.values()) {
      const { share } = shared;
      const connections = connectionsOf(share, live);
      shared.calm = connections === shared.seen ? shared.calm + 1 : 0;
      shared.seen = connections;
      if (connections >= shared.applied || shared.calm >= CALM_ROUNDS) shared.applied = connections;
      await this.#set(share.id, effectsOf(share, shared.applied));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const id of [...this.#shares.keys()]) await this.stop(id);
  }
}

interface Shared {
  readonly share: SharedRate;
  /** Connections that the rates in force are for. */
  applied: number;
  /** Connections of the last round, and for how many rounds it has been so many. */
  seen: number;
  calm: number;
}

/** Open connections of all links of a share. */
export function connectionsOf(share: SharedRate, live: ReadonlyMap<number, number>): number {
  return [...share.ports.values()].reduce((sum, port) => sum + (live.get(port) ?? 0), 0);
}

/**
 * The same rates on every link, so that a connection that begins before the next count finds one. The whole capacity
 * stays while a share of it goes and another comes, which takes a few milliseconds.
 */
export function effectsOf(share: SharedRate, connections: number): Map<string, LinkEffect> {
  const rateOf = (parts: number): number => Math.max(1, Math.round((share.mbit * KB_PER_MBIT) / parts));
  const rates = new Set([rateOf(1), rateOf(Math.max(1, connections))]);
  const toxics = [...rates].flatMap((rate) =>
    (['upstream', 'downstream'] as const).map((stream) => ({
      type: 'bandwidth' as const,
      stream,
      attributes: { rate },
    })),
  );
  return new Map([...share.ports.keys()].map((name) => [name, { toxics }]));
}
