import { expect, test } from 'vitest';
import { drawn, drawnOne, planOf, problemsOf } from './draw.ts';

const linksOf = async (links: string, seed = 1): Promise<readonly string[]> =>
  (await drawnOne(`cut: { links: ${links}, kind: refuse }`, seed)).targets.links;
const containersOf = async (containers: string, seed = 1): Promise<readonly string[]> =>
  (await drawnOne(`kill: { containers: ${containers} }`, seed)).targets.containers;

test('links by their ids, with * for any part, each once', async () => {
  const peers = [2, 3, 4, 5, 6, 7, 8].map((i) => `a1->a${i}@replication`);
  const links = await linksOf('["a1->*@replication", "a2->a1@primary", "a1->a2@*"]');
  expect(new Set(links)).toEqual(new Set([...peers, 'a2->a1@primary', 'a1->a2@primary']));
  expect(links).toHaveLength(9);
});

test('links from a set to a set, on a plane, and back', async () => {
  expect(await linksOf('{ from: [a1], to: [a2, a3], plane: primary }')).toEqual(['a1->a2@primary', 'a1->a3@primary']);
  expect(new Set(await linksOf('{ from: [a1], to: [a2], both: true }'))).toEqual(
    new Set(['a1->a2@primary', 'a1->a2@replication', 'a2->a1@primary', 'a2->a1@replication']),
  );
  const app = await linksOf('{ to: { role: app } }');
  expect(new Set(app)).toEqual(new Set(['host->a-app@primary', 'host->b-app@primary']));
  const replication = await linksOf('{ from: { zone: use1-b, role: node }, plane: replication }');
  expect(replication).toEqual(['b1->b2@replication', 'b2->b1@replication']);
});

test('so many of them, drawn by the seed', async () => {
  const drawnBy = (seed: number) =>
    linksOf('{ from: { zone: use1-a, role: node }, plane: replication, pick: 5 }', seed);
  const one = await drawnBy(1);
  expect(new Set(one).size).toBe(5);
  for (const id of one) expect(id).toMatch(/^a\d->a\d@replication$/);
  expect(await drawnBy(1)).toEqual(one);
  expect(await drawnBy(2)).not.toEqual(one);
});

test('containers by id, by pattern, and by zone and role', async () => {
  expect(await containersOf('[control-plane]')).toEqual(['control-plane']);
  expect(await containersOf('["b*"]')).toEqual(['b1', 'b2', 'b-instances', 'b-app']);
  expect(await containersOf('{ role: app }')).toEqual(['a-app', 'b-app']);
  expect(await containersOf('{ zone: use1-b, role: node }')).toEqual(['b1', 'b2']);
  expect(await containersOf('{ zone: use1-a, role: node, pick: 3 }')).toHaveLength(3);
});

test('two faults that draw in one phase each take their own number', async () => {
  const misroute = (pick: number) => `{ misroute: { zone: use1-a, nodes: { pick: ${pick} }, connections: kept } }`;
  const faults = await drawn(`${misroute(2)}, ${misroute(5)}`);
  expect(faults.map((fault) => fault.targets.containers.length)).toEqual([2, 5]);
});

test('a fault of another phase does not change what is drawn for this one', async () => {
  const misroute = 'for: 1s, faults: [{ misroute: { zone: use1-a, nodes: { pick: 3 }, connections: kept } }]';
  const kill = 'for: 1s, faults: [{ kill: { zone: use1-a, nodes: { pick: 2 } } }]';
  for (let seed = 1; seed <= 20; seed += 1) {
    const targets = async (phases: readonly string[]) =>
      (await planOf(phases, seed)).phases[0]?.faults[0]?.targets.containers;
    expect(await targets([misroute, kill])).toEqual(await targets([misroute, 'for: 1s']));
    expect(await targets([misroute, kill])).toHaveLength(3);
  }
});

test('what does not exist, does not suffice or matches nothing', async () => {
  expect(await problemsOf('cut: { links: { from: [a1], to: [a99] }, kind: refuse }')).toEqual([
    expect.stringContaining('5 found the container `a99`'),
  ]);
  expect(await problemsOf('cut: { links: { from: [b-app], to: [a1] }, kind: refuse }')).toEqual([
    '5 found no link, expected at least one between these',
  ]);
  expect(await problemsOf('cut: { links: { from: [a1], pick: 99 }, kind: refuse }')).toEqual([
    expect.stringMatching(/^5 found 99 links, expected at most the \d+ there are$/),
  ]);
  expect(await problemsOf('kill: { containers: { zone: region, role: node } }')).toEqual([
    '5 found no node in region, expected some',
  ]);
  expect(await problemsOf('kill: { containers: ["c*"], zone: use1-a, nodes: [a1] }')).toEqual([
    '5 found a mapping, expected either `containers`, or `zone` and `nodes`',
  ]);
});
