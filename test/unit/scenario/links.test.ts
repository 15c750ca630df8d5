import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { metricNames } from '../../../harness/check/resolve-metric.ts';
import { proxyOf } from '../../../harness/fabric/router.ts';
import { FAULTS } from '../../../harness/fault/catalogue.ts';
import { BadInputError } from '../../../harness/scenario/bad-input-error.ts';
import { containerConfigOf } from '../../../harness/scenario/container-config-of.ts';
import { namesOfPlan } from '../../../harness/scenario/known-names.ts';
import { loadScenario } from '../../../harness/scenario/load-scenario.ts';
import type { Plan } from '../../../harness/scenario/plan.ts';

const SCENARIOS = resolve(import.meta.dirname, '../../e2e/scenarios');
const folder = mkdtempSync(join(tmpdir(), 'zonestorm-links-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Two applications in `use1-a`; `a-shop` has two ports, and dials a port of each node more than one, if asked to. */
function planOf(more = '', shopLinks = ''): Promise<Plan> {
  const compose = readFileSync(join(SCENARIOS, 'two-apps.compose.yaml'), 'utf8');
  const shop = 'x-zonestorm: { zone: use1-a, role: app, published: [8080, 8081]';
  expect(compose).toContain(shop);
  writeFileSync(join(folder, 'compose.yaml'), compose.replace(shop, `${shop}${shopLinks}`));
  const file = join(folder, 'links.yaml');
  const base = join(SCENARIOS, 'frozen-app.yaml');
  writeFileSync(file, `name: links\ntitle: Links\nextends: ${base}\ntopology: compose.yaml\n${more}`);
  return loadScenario(file, { seed: 1, overrides: {}, faults: FAULTS, knownNames: metricNames });
}

const TWO_PORTS =
  ', links: [{ to: use1-a-node, planes: [primary], port: 10809 }, { to: use1-a-node, planes: [primary], port: 7000 }]';

async function cutBy(name: string): Promise<readonly string[]> {
  const cut = `phases: [{ one: { for: 1s, faults: [{ cut: { links: ["${name}"], kind: refuse } }] } }]\n`;
  return (await planOf(cut, TWO_PORTS)).phases[0]?.faults[0]?.targets.links ?? [];
}

test('two ports of one service are two links, two proxies, and have their port in their names', async () => {
  const { links } = await planOf('', TWO_PORTS);
  const ids = links.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids.filter((id) => id.startsWith('host->'))).toEqual([
    'host->a-app@primary',
    'host->a-shop:8080@primary',
    'host->a-shop:8081@primary',
  ]);
  expect(ids).toContain('a-shop->a1:7000@primary');
  expect(ids).toContain('a-shop->a1:10809@primary');
  // As it was where there is one.
  expect(ids).toContain('a-instances->a1@primary');
  for (const router of new Set(links.map((link) => link.router))) {
    const names = links.filter((link) => link.router === router).map((link) => proxyOf(link).name);
    expect(new Set(names).size).toBe(names.length);
  }
});

test('a program is told of both, and finds the first without knowing of ports', async () => {
  const plan = await planOf('', TWO_PORTS);
  const { links } = containerConfigOf(plan, 'a-shop');
  const listen = (id: string) => plan.links.find((link) => link.id === id)?.listen.port;
  expect(links.a1?.primary?.port).toBe(listen('a-shop->a1:10809@primary'));
  expect(links.a1?.primary?.ports?.['7000']?.port).toBe(listen('a-shop->a1:7000@primary'));
  expect(links.a1?.primary?.ports?.['10809']?.port).toBe(listen('a-shop->a1:10809@primary'));
  expect(containerConfigOf(plan, 'a-instances').links.a1?.primary).not.toHaveProperty('ports');
});

test('the same link twice is refused', async () => {
  const twice =
    ', links: [{ to: use1-a-node, planes: [primary], port: 7000 }, { to: use1-a-node, planes: [primary], port: 7000 }]';
  await expect(planOf('', twice)).rejects.toThrow(/a second link to use1-a-node:7000@primary, expected one/);
});

test('what a name leaves out means any', async () => {
  const both = ['host->a-shop:8080@primary', 'host->a-shop:8081@primary'];
  expect(await cutBy('host->a-shop')).toEqual(both);
  expect(await cutBy('host->a-shop@primary')).toEqual(both);
  expect(await cutBy('host->a-shop:8081')).toEqual(['host->a-shop:8081@primary']);
  expect(await cutBy('host->a-shop:8080@primary')).toEqual(['host->a-shop:8080@primary']);
  expect(await cutBy('*->*:8080')).toEqual(['host->a-app@primary', 'host->a-shop:8080@primary']);
  expect(await cutBy('a1->a2')).toEqual(['a1->a2@primary', 'a1->a2@replication']);
  expect(await cutBy('a1->a2:7000@replication')).toEqual(['a1->a2@replication']);
});

test('the words of before mean what they meant', async () => {
  expect(await cutBy('a1->a2@primary')).toEqual(['a1->a2@primary']);
  expect(await cutBy('a1->a2@*')).toEqual(['a1->a2@primary', 'a1->a2@replication']);
  expect(await cutBy('a1->*')).toEqual(['a1->a2@primary', 'a1->a2@replication', 'a1->control-plane@primary']);
  expect(await cutBy('*->a2@replication')).toEqual(['a1->a2@replication']);
  const replication = await cutBy('*@replication');
  expect(replication).toEqual(expect.arrayContaining(['a1->a2@replication', 'b2->b1@replication']));
  expect(replication.every((id) => id.endsWith('@replication'))).toBe(true);
});

test('each of two applications has measurements of its own, and their zone has none of both', async () => {
  const names = namesOfPlan(await planOf(), metricNames);
  expect(names).toEqual(expect.arrayContaining(['app.aApp.availability', 'app.aShop.p99', 'storm.b.seconds']));
  expect(names).not.toContain('app.a.availability');
  expect(names).not.toContain('storm.a.appAvailability');
  // Nor has a zone without an application, which could never have a value.
  expect(names.filter((name) => name.startsWith('app.b.') || name === 'storm.b.appAvailability')).toEqual([]);
  expect(names.filter((name) => name.includes('.region.'))).toEqual([]);
  const expecting = planOf('expect: [app.a.availability < 100%]\n');
  await expect(expecting).rejects.toThrow(BadInputError);
  await expect(expecting).rejects.toThrow(/links\.yaml:5:10: found the measurement `app\.a\.availability`/);
});
