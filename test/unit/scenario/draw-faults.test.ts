import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { loadScenario } from '../../../harness/scenario/load-scenario.ts';
import type { PlanFault } from '../../../harness/scenario/plan.ts';

const folder = mkdtempSync(join(tmpdir(), 'zonestorm-draw-'));
afterAll(() => rmSync(folder, { recursive: true }));
const base = resolve(import.meta.dirname, '../../../fixtures/scenarios/ebs-2011.yaml');

/** The faults of a scenario outside the package, of one phase for each entry. */
async function drawn(phases: readonly string[], seed = 1): Promise<PlanFault[]> {
  const file = join(folder, 'drawn.yaml');
  const list = phases.map((faults, i) => `  - p${i}: { for: 1s, faults: [${faults}] }\n`).join('');
  writeFileSync(file, `name: drawn\ntitle: Drawn\nextends: ${base}\nphases:\n${list}`);
  return (await loadScenario(file, { seed, overrides: {} })).phases.flatMap((phase) => phase.faults);
}

test('a cut names its links, with * for any part', async () => {
  const [cut] = await drawn(['cut: { links: ["a1->*@replication", "a2->a1@primary", "a1->a2@*"] }']);
  const peers = [2, 3, 4, 5, 6, 7, 8].map((i) => `a1->a${i}@replication`);
  expect(cut).toEqual({
    id: 'cut-1',
    kind: 'cut',
    links: expect.arrayContaining([...peers, 'a2->a1@primary', 'a1->a2@primary']),
  });
  expect(cut?.kind === 'cut' ? cut.links : []).toHaveLength(9);
});

test('a kill names containers or draws nodes; ids count each kind', async () => {
  const kill = 'kill: { zone: use1-a, nodes: { pick: 3 } }';
  const faults = await drawn([
    'kill: { containers: [control-plane] }',
    kill,
    'misroute: { zone: use1-b, nodes: [b2], connections: closed }',
  ]);
  expect(faults.map((fault) => fault.id)).toEqual(['kill-1', 'kill-2', 'misroute-1']);
  expect(faults[0]).toMatchObject({ containers: ['control-plane'] });
  expect(faults[1]?.kind === 'kill' ? new Set(faults[1].containers).size : 0).toBe(3);
  expect(faults[2]).toEqual({
    id: 'misroute-1',
    kind: 'misroute',
    zone: 'use1-b',
    nodes: ['b2'],
    connections: 'closed',
  });
});

test('two faults that draw in one phase each take their own number', async () => {
  const misroute = (pick: number) => `{ misroute: { zone: use1-a, nodes: { pick: ${pick} }, connections: kept } }`;
  const faults = await drawn([`${misroute(2)}, ${misroute(5)}`]);
  expect(faults.map((fault) => (fault.kind === 'misroute' ? fault.nodes.length : 0))).toEqual([2, 5]);
});

test('a fault of another phase does not change what is drawn for this one', async () => {
  const misroute = 'misroute: { zone: use1-a, nodes: { pick: 3 }, connections: kept }';
  const targets = (fault: PlanFault | undefined) => (fault?.kind === 'misroute' ? fault.nodes : []);
  for (let seed = 1; seed <= 20; seed += 1) {
    const [alone] = await drawn([misroute, ''], seed);
    const [first] = await drawn([misroute, 'kill: { zone: use1-a, nodes: { pick: 2 } }'], seed);
    expect(targets(first)).toEqual(targets(alone));
    expect(targets(first)).toHaveLength(3);
  }
});
