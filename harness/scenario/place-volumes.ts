import type { PlanVolume } from './plan.ts';
import { type Random, randomFor } from './random.ts';
import { shortZoneName } from './topology.ts';

/**
 * Places each volume's two replicas on two distinct nodes, drawn by the seed, so that the numbers of replicas on any
 * two nodes differ by at most one: the free slots are spread as in a balanced cluster. Needs at least two nodes.
 *
 * Every node gets as many stubs as it shall hold replicas; the stubs are shuffled and taken in pairs (the
 * configuration model of random graphs). A pair of one node with itself is mended by an exchange with a pair that
 * has no part in that node; there always is one while no node holds more replicas than there are volumes.
 */
export function placeVolumes(zone: string, nodes: readonly string[], count: number, seed: number): PlanVolume[] {
  if (count > 0 && nodes.length < 2)
    throw new RangeError(`two replicas need two nodes, and ${zone} has ${nodes.length}`);
  const random = randomFor(seed, `placement/${zone}`);
  // Which nodes hold one replica more than the others is drawn too.
  const order = random.shuffled(nodes);
  const stubs = random.shuffled(
    Array.from({ length: 2 * count }, (_, i) => order[i % order.length]).filter((node) => node !== undefined),
  );
  const pairs = Array.from({ length: count }, (_, i): [string, string] => [stubs[2 * i] ?? '', stubs[2 * i + 1] ?? '']);
  mendSelfPairs(pairs, random);
  const digits = Math.max(3, String(count).length);
  return pairs.map(([primary, mirror], i) => ({
    id: `${shortZoneName(zone)}-vol-${String(i + 1).padStart(digits, '0')}`,
    zone,
    primary,
    mirror,
  }));
}

function mendSelfPairs(pairs: [string, string][], random: Random): void {
  for (const pair of pairs) {
    const [node, twin] = pair;
    if (node !== twin) continue;
    const others = pairs.filter((other) => !other.includes(node));
    const other = others[random.below(others.length)];
    if (other === undefined) throw new Error(`no pair to exchange with for ${node}`);
    [pair[1], other[1]] = [other[1], node];
  }
}
