import { describe, expect, test } from 'vitest';
import type { Plan, PlanFault } from '../../../harness/scenario/plan.ts';
import { drawn, drawnOne, planOf, problemsOf } from './draw.ts';

const NODES = ['a1', 'a2', 'a3', 'a4', 'a5', 'a6', 'a7', 'a8'];
const SEEDS = Array.from({ length: 20 }, (_, i) => i + 1);

/** The one fault of a plan, and who still dials whom directly among the zone's nodes. */
async function sight(
  fault: string,
  seed: number,
): Promise<{ plan: Plan; cut: PlanFault; sees: Map<string, string[]> }> {
  const plan = await planOf([`for: 10s, faults: [{ ${fault} }]`], seed);
  const [cut] = plan.phases[0]?.faults ?? [];
  if (cut === undefined) throw new Error('no fault');
  const open = plan.links.filter(({ id }) => !cut.targets.links.includes(id));
  const both = (a: string, b: string): boolean =>
    (['primary', 'replication'] as const).every((plane) =>
      [`${a}->${b}@${plane}`, `${b}->${a}@${plane}`].every((id) => open.some((link) => link.id === id)),
    );
  return { plan, cut, sees: new Map(NODES.map((a) => [a, NODES.filter((b) => b !== a && both(a, b))])) };
}

/** Who is reached from a node over any number of others but these. */
function reached(from: string, sees: ReadonlyMap<string, readonly string[]>, but: readonly string[] = []): Set<string> {
  const found = new Set([from]);
  for (const node of found) for (const next of sees.get(node) ?? []) if (!but.includes(next)) found.add(next);
  return found;
}

describe('bridge', () => {
  test.each(SEEDS)('seed %i: two halves that meet only in the middle', async (seed) => {
    const { sees, cut } = await sight('bridge: { zone: use1-a, kind: drop }', seed);
    const middles = NODES.filter((node) => sees.get(node)?.length === 7);
    expect(middles).toHaveLength(1);
    expect(cut.description).toContain(`only through ${middles[0]}`);
    const [first = ''] = NODES.filter((node) => !middles.includes(node));
    const half = reached(first, sees, middles);
    const other = NODES.filter((node) => !half.has(node) && !middles.includes(node));
    expect([half.size, other.length].sort()).toEqual([3, 4]);
    expect(reached(first, sees).size).toBe(8);
    for (const node of half) for (const far of other) expect(sees.get(node)).not.toContain(far);
    // No half is cut in itself.
    for (const node of half) expect(sees.get(node)).toHaveLength(half.size);
    for (const node of other) expect(sees.get(node)).toHaveLength(other.length);
  });

  test('cuts both ways and both planes, and nothing that is no node', async () => {
    const { cut } = await sight('bridge: { zone: use1-a, kind: drop }', 1);
    expect(cut.targets.links).toHaveLength(3 * 4 * 2 * 2);
    expect(cut.targets.routers).toEqual(['a-primary', 'a-replication']);
    expect(cut.losesPartnersOf).toBeNull();
  });

  test('needs three nodes', async () => {
    expect(await problemsOf('bridge: { zone: use1-b, kind: drop }')).toEqual([
      '5 found 2 nodes in use1-b, expected at least 3',
    ]);
  });
});

describe('ring', () => {
  test.each(SEEDS)('seed %i: every node sees a majority, no two the same', async (seed) => {
    const { sees } = await sight('ring: { zone: use1-a, kind: refuse }', seed);
    const groups = NODES.map((node) => [node, ...(sees.get(node) ?? [])].sort().join(' '));
    // 5 of 8 are the least majority.
    for (const group of groups) expect(group.split(' ')).toHaveLength(5);
    expect(new Set(groups).size).toBe(8);
    expect(reached('a1', sees).size).toBe(8);
  });

  test('another seed, another circle', async () => {
    const circles = await Promise.all([1, 2, 3].map((seed) => sight('ring: { zone: use1-a, kind: refuse }', seed)));
    expect(new Set(circles.map(({ cut }) => cut.targets.links.join(' '))).size).toBe(3);
  });
});

describe('isolate', () => {
  test('a node: exactly the links with one end in it', async () => {
    const plan = await planOf(['for: 10s, faults: [{ isolate: { containers: [a3], kind: drop } }]']);
    const [fault] = plan.phases[0]?.faults ?? [];
    const crossing = plan.links.filter(
      (link) => [link.source, link.destination].filter((id) => id === 'a3').length === 1,
    );
    expect(fault?.targets.links).toEqual(crossing.map(({ id }) => id));
    expect(crossing.length).toBeGreaterThan(28);
    expect(fault?.losesPartnersOf).toEqual(['a3']);
    expect(fault?.description).toMatch(/^a3 was isolated: \d+ links dropped all packets$/);
  });

  test('two nodes go on seeing one another, and their volumes are not foretold', async () => {
    const fault = await drawnOne('isolate: { zone: use1-a, nodes: [a1, a2], kind: stall }');
    expect(fault.targets.links.filter((id) => /^a[12]->a[12]@/.test(id))).toEqual([]);
    expect(fault.targets.links).toContain('a1->a3@primary');
    expect(fault.losesPartnersOf).toBeNull();
  });

  test('a zone: from clients and from the control plane, not in itself', async () => {
    const fault = await drawnOne('isolate: { zone: use1-a, kind: refuse }');
    const ends = fault.targets.links.map((id) =>
      id
        .split(/->|@/)
        .slice(0, 2)
        .map((end) => end.startsWith('a')),
    );
    expect(ends.length).toBeGreaterThan(0);
    expect(ends.filter(([source, destination]) => source === destination)).toEqual([]);
    expect(fault.targets.links.some((id) => id.startsWith('host->'))).toBe(true);
    expect(fault.targets.links.some((id) => id.includes('->control-plane@'))).toBe(true);
  });
});

describe('swizzle', () => {
  const swizzle = '{ swizzle: { zone: use1-a, nodes: { pick: 4 }, kind: drop, step: 500ms, hold: 2s } }';
  const nodeOf = ({ description }: PlanFault) => /^(a\d)/.exec(description)?.[1];
  const endOf = ({ atSeconds, forSeconds }: PlanFault) => atSeconds + (forSeconds ?? Number.NaN);

  test.each(SEEDS)('seed %i: cut one by one, healed one by one, all within the phase', async (seed) => {
    const cuts = await drawn(swizzle, seed);
    expect(cuts.map(({ id }) => id).sort()).toEqual(['swizzle-1.1', 'swizzle-1.2', 'swizzle-1.3', 'swizzle-1.4']);
    expect(cuts.map(({ kind }) => kind)).toEqual(['cut', 'cut', 'cut', 'cut']);
    expect(new Set(cuts.map(nodeOf)).size).toBe(4);
    expect(cuts.map(({ atSeconds }) => atSeconds)).toEqual([0, 0.5, 1, 1.5]);
    expect(cuts.map(endOf).sort((a, b) => a - b)).toEqual([3.5, 4, 4.5, 5]);
  });

  test('orders of cutting and healing are drawn apart', async () => {
    const orders = await Promise.all(
      SEEDS.map(async (seed) => {
        const cuts = await drawn(swizzle, seed);
        const healed = cuts.toSorted((a, b) => endOf(a) - endOf(b));
        return [cuts.map(nodeOf).join(' '), healed.map(nodeOf).join(' ')] as const;
      }),
    );
    expect(new Set(orders.map(([cutting]) => cutting)).size).toBeGreaterThan(10);
    expect(orders.filter(([cutting, healing]) => cutting !== healing).length).toBeGreaterThan(15);
  });

  test('one that is longer than its phase is refused', async () => {
    const long = '{ swizzle: { zone: use1-a, nodes: { pick: 4 }, kind: drop, step: 2s } }';
    expect(await problemsOf(long)).toEqual([
      '5 found a swizzle of 14 s, expected at most the 10 s that are left of its phase',
    ]);
    // It begins late.
    const late = '{ at: 6s, swizzle: { zone: use1-a, nodes: { pick: 4 }, kind: drop, step: 1s } }';
    expect(await problemsOf(late)).toEqual([
      '5 found a swizzle of 7 s, expected at most the 4 s that are left of its phase',
    ]);
  });
});
