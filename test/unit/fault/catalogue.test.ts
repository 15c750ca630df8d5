import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { FAULTS, isCarriedOut } from '../../../harness/fault/catalogue.ts';
import { drawn, planOf } from './draw.ts';

const kinds = FAULTS.map(({ kind }) => kind);
const settingsOf = new Map(FAULTS.filter(isCarriedOut).map(({ kind, settings }) => [kind, settings]));

test('every kind once, none with the name of a word that says when', () => {
  expect(new Set(kinds).size).toBe(kinds.length);
  expect(kinds.filter((kind) => ['at', 'for', 'every', 'times'].includes(kind))).toEqual([]);
});

test.each(FAULTS)('the example of $kind is drawn', async ({ kind, example, summary }) => {
  expect(Object.keys(parse(example) as object)).toEqual([kind]);
  expect(example).not.toContain('\n');
  expect(summary).toMatch(/^[a-z][^\n.]+[^.]$/);
  const plan = await planOf([`for: 10s, faults: [{ ${example} }]`]);
  const [{ faults } = { faults: [] }] = plan.phases;
  expect(faults.length).toBeGreaterThan(0);
  const ids = { routers: plan.routers, links: plan.links, containers: plan.containers };
  for (const fault of faults) {
    expect(settingsOf.get(fault.kind)?.safeParse(fault.settings).success, fault.kind).toBe(true);
    expect(fault.description).toMatch(/\S/);
    expect(fault.targets.zone).toBe('use1-a');
    expect(fault.atSeconds + (fault.forSeconds ?? 0)).toBeLessThanOrEqual(10);
    const { routers, links, containers } = fault.targets;
    expect(routers.length + links.length + containers.length).toBeGreaterThan(0);
    for (const key of ['routers', 'links', 'containers'] as const) {
      const known = ids[key].map(({ id }) => id);
      expect(fault.targets[key].filter((id) => !known.includes(id))).toEqual([]);
    }
  }
});

test.each(FAULTS)('$kind: the same seed draws the same', async ({ example }) => {
  const faults = `{ ${example} }`;
  expect(await drawn(faults, 5)).toEqual(await drawn(faults, 5));
});
