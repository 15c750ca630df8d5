/**
 * What faults do to one link, as data. A router keeps the effects of every fault apart and adds them up, so that two
 * faults on one link can end in any order, and a Toxiproxy that had to be replaced gets all of them back.
 */
import type { LinkProxy } from './toxiproxy-api.ts';

/** `upstream` carries the bytes from the link's source to its destination, `downstream` the answers. */
export type Stream = 'upstream' | 'downstream';

/**
 * One of Toxiproxy's toxics (https://github.com/Shopify/toxiproxy#toxics): `bandwidth` has `rate` in KB/s (1000
 * bytes) for each connection and direction, `latency` has `latency` and `jitter` in ms, `timeout` and `reset_peer`
 * have `timeout` in ms.
 */
export interface Toxic {
  readonly type: 'bandwidth' | 'latency' | 'timeout' | 'reset_peer';
  readonly stream: Stream;
  readonly attributes: Readonly<Record<string, number>>;
}

/**
 * Whether connections that began under the toxic behave differently for as long as they live: those of `reset_peer` have
 * SO_LINGER 0 (`link.go`, `Start`, of Toxiproxy 2.12.0), so that what is on its way when one of them is closed is thrown
 * away and the other end gets RST, however long ago the toxic was removed.
 */
export const marksConnections = ({ type }: Toxic): boolean => type === 'reset_peer';

export interface LinkEffect {
  /** Open connections are closed, new ones refused. */
  readonly refuse?: true;
  /** Dials another address, which closes the open connections. */
  readonly upstream?: string;
  readonly toxics?: readonly Toxic[];
}

/** A proxy as it should be or is. Toxics by name. */
export interface ProxyState extends LinkProxy {
  readonly enabled: boolean;
  readonly toxics: ReadonlyMap<string, Toxic>;
}

/**
 * The link with the effects of all faults in force; of two that re-point it, the later. A toxic's name says all that it
 * does, so that one with other attributes is another toxic: Toxiproxy 2.12.0 changes the attributes of one under the
 * connections that run in it, and a `bandwidth` in the middle of a chunk then sends bytes twice, skips some, or ends
 * the server (`toxics/bandwidth.go`, `p.Data[:t.Rate*100]` before and after a wait).
 */
export function combine(base: LinkProxy, effects: ReadonlyMap<string, LinkEffect>): ProxyState {
  const all = [...effects];
  return {
    ...base,
    upstream: all.findLast(([, effect]) => effect.upstream !== undefined)?.[1].upstream ?? base.upstream,
    enabled: !all.some(([, effect]) => effect.refuse === true),
    toxics: new Map(
      all.flatMap(([fault, { toxics = [] }]) => toxics.map((toxic): [string, Toxic] => [nameOf(fault, toxic), toxic])),
    ),
  };
}

function nameOf(fault: string, { type, stream, attributes }: Toxic): string {
  return [fault, type, stream, ...Object.values(attributes)].join('.');
}

/** In words, how a proxy differs from what it should be; empty when it does not. */
export function differences(wanted: ProxyState, found: ProxyState | undefined): string[] {
  if (found === undefined) return [`${wanted.name} is missing`];
  const different: string[] = [];
  if (found.enabled !== wanted.enabled) different.push(`${wanted.name} is ${found.enabled ? 'enabled' : 'disabled'}`);
  if (found.upstream !== wanted.upstream) different.push(`${wanted.name} leads to ${found.upstream}`);
  for (const name of found.toxics.keys()) {
    if (!wanted.toxics.has(name)) different.push(`${wanted.name} has the toxic ${name}`);
  }
  for (const [name, toxic] of wanted.toxics) {
    const there = found.toxics.get(name);
    if (there === undefined) different.push(`${wanted.name} lacks the toxic ${name}`);
    else if (!sameToxic(toxic, there)) different.push(`${wanted.name} has other attributes of ${name}`);
  }
  return different;
}

function sameToxic(a: Toxic, b: Toxic): boolean {
  return (
    a.type === b.type &&
    a.stream === b.stream &&
    Object.entries(a.attributes).every(([key, value]) => b.attributes[key] === value)
  );
}
