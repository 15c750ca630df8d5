import { setTimeout as delay } from 'node:timers/promises';
import type { BoundFault } from '../fault/catalogue.ts';
import type { FaultTarget } from '../fault/fault.ts';
import { linksByRouter } from '../fault/fault.ts';
import type { DoseRecord } from '../history/records.ts';
import { monotonicMs } from '../time/monotonic.ts';

/** Bytes of each open connection of a link, both ways, by its far end. */
type Counts = ReadonlyMap<string, readonly [number, number]>;

/** Until the buffers of Toxiproxy have filled: a chunk of up to 32 KB for each connection goes in at once. */
const SETTLE_MS = 1_500;
/** A rate over less than this would be of a few chunks. */
const LEAST_MS = 1_000;
/** More links than these are not counted one by one. */
const LINKS_MAX = 8;

/**
 * Counts what crosses the links that a fault gives a capacity, from when this is called until `finish`: by the kernel's
 * counters of the connections themselves, as their programs need not tell. Connections that came and went are left out,
 * so that the rate is at least as high as what is told.
 */
export async function startLinkRate(
  { plan: fault }: BoundFault,
  target: FaultTarget,
): Promise<() => Promise<DoseRecord[]>> {
  const asked = fault.experience?.capacityMbit ?? null;
  if (asked === null || fault.targets.links.length === 0) return async () => [];
  const settled = delay(SETTLE_MS).then(async () => ({ before: await countAll(fault, target), began: monotonicMs() }));
  // Told by `finish`; a fault that ends sooner has no rate.
  settled.catch(() => undefined);
  const applied = monotonicMs();
  return async () => {
    if (monotonicMs() - applied < SETTLE_MS + LEAST_MS) return [];
    const { before, began } = await settled;
    const after = await countAll(fault, target);
    const seconds = (monotonicMs() - began) / 1000;
    return [...after].map(([link, counts]) => ({
      kind: 'dose',
      t: monotonicMs(),
      source: 'harness',
      fault: fault.id,
      what: link,
      unit: 'Mbit/s',
      asked,
      measured: rate(before.get(link) ?? new Map(), counts, seconds),
      bound: 'most',
    }));
  };
}

async function countAll(fault: BoundFault['plan'], target: FaultTarget): Promise<ReadonlyMap<string, Counts>> {
  const found = new Map<string, Counts>();
  for (const { router, links } of linksByRouter(fault, target)) {
    for (const link of links.slice(0, LINKS_MAX - found.size)) {
      found.set(link.id, await router.shell.connectionBytes(link.listen.port));
    }
  }
  return found;
}

/** What Toxiproxy reads at once from a connection, and then holds until its rate has let it go. */
const CHUNK_BYTES = 32 * 1024;

/**
 * Of the two directions the faster: a capacity holds for each. What Toxiproxy has taken from a connection may be a chunk
 * more than what it has passed on, which is left out: the rate is at least this.
 */
function rate(before: Counts, after: Counts, seconds: number): number {
  const sums = [0, 0];
  for (const [peer, counts] of after) {
    const earlier = before.get(peer) ?? [0, 0];
    for (const way of [0, 1] as const) {
      const held = way === 0 ? CHUNK_BYTES : 0;
      sums[way] = (sums[way] ?? 0) + Math.max(0, counts[way] - earlier[way] - held);
    }
  }
  return Math.round((Math.max(...sums) * 8) / seconds / 1000) / 1000;
}
