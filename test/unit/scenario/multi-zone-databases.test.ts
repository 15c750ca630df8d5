import { expect, test } from 'vitest';
import { metricNames } from '../../../harness/check/resolve-metric.ts';
import { FAULTS, isCarriedOut } from '../../../harness/fault/catalogue.ts';
import { buildPlan } from '../../../harness/scenario/build-plan.ts';
import { containerConfigOf } from '../../../harness/scenario/container-config-of.ts';
import { readScenario } from '../../../harness/scenario/load-scenario.ts';
import { MULTI_ZONE_ROLES, type Plan } from '../../../harness/scenario/plan.ts';
import { readPlan } from '../../../harness/scenario/read-plan.ts';

const plain = await readScenario('ebs-2011', FAULTS);
const read = await readScenario('ebs-2011-multi-zone', FAULTS);
const planOf = (preset: string, overrides: Record<string, string> = {}): Plan =>
  buildPlan({ ...read, preset, seed: 7, overrides, faults: FAULTS });
const OF_PAIRS: readonly string[] = MULTI_ZONE_ROLES;

test.each(['fast', 'full', 'loop', 'half'])('%s of ebs-2011 has none of it', (preset) => {
  const plan = buildPlan({ ...plain, preset, seed: 7, overrides: {}, faults: FAULTS });
  expect(plan.multiZoneDatabases).toEqual([]);
  expect(plan.containers.filter(({ role }) => OF_PAIRS.includes(role))).toEqual([]);
  expect(plan.links.filter(({ id }) => /mz|failover|clients/.test(id))).toEqual([]);
});

test.each(['fast', 'full', 'loop', 'half'])(
  '%s: each pair has four volumes of its own in each of two zones',
  (preset) => {
    const plan = planOf(preset);
    expect(plan.multiZoneDatabases.map(({ id }) => id)).toEqual(['mz-01', 'mz-02', 'mz-03', 'mz-04']);
    for (const [i, { primary, standby }] of plan.multiZoneDatabases.entries()) {
      expect(primary).toMatchObject({ container: `a-mz-${i + 1}`, zone: 'use1-a' });
      expect(standby).toMatchObject({ container: 'b-mz-standbys', zone: 'use1-b' });
      for (const { zone, volumes } of [primary, standby]) {
        expect(volumes).toHaveLength(4);
        for (const id of volumes) expect(plan.volumes.find((volume) => volume.id === id)?.zone).toBe(zone);
      }
    }
    const used = plan.multiZoneDatabases.flatMap(({ primary, standby }) => [...primary.volumes, ...standby.volumes]);
    expect(new Set(used).size).toBe(32);
  },
);

test('what a primary ships crosses the primary router of its zone, each over a link of its own', () => {
  const links = planOf('fast').links.filter(({ id }) => /^a-mz-\d->b-mz-standbys/.test(id));
  expect(links.map(({ id, router, upstream }) => [id, router, upstream.port])).toEqual(
    [1, 2, 3, 4].map((i) => [`a-mz-${i}->b-mz-standbys@primary`, 'a-primary', 7400]),
  );
});

test('half of the ways between them are cut for as long as the misroute lasts', () => {
  const phase = planOf('fast').phases.find(({ name }) => name === 'misroute');
  const cut = phase?.faults.find(({ kind }) => kind === 'cut');
  expect(cut?.targets.links).toHaveLength(2);
  expect(cut?.targets.links.every((id) => id.endsWith('->b-mz-standbys@primary'))).toBe(true);
  expect([cut?.atSeconds, cut?.forSeconds, phase?.seconds]).toEqual([0, null, 2.5]);
});

test('the witness is a switch', () => {
  expect(planOf('fast').load.failoverWitness).toBe(0);
  expect(planOf('fast', { failoverWitness: 'true' }).load.failoverWitness).toBe(1);
});

test('single-zone databases beside them are on other volumes', () => {
  const plan = planOf('fast', { 'load.databases': '15', 'load.multiZoneDatabases': '3' });
  const single = plan.databases.flatMap(({ volumes }) => volumes);
  const pairs = plan.multiZoneDatabases.flatMap(({ primary, standby }) => [...primary.volumes, ...standby.volumes]);
  expect(single.filter((id) => pairs.includes(id))).toEqual([]);
  // Of 40 and 16 volumes each zone's pairs take 12.
  expect(plan.databases.filter(({ zone }) => zone === 'use1-a')).toHaveLength(7);
  expect(plan.databases.filter(({ zone }) => zone === 'use1-b')).toHaveLength(1);
});

test.each([
  [
    { 'load.multiZoneDatabases': '5' },
    '--set load.multiZoneDatabases=5',
    '5 multi-zone databases on 4 volumes of use1-b each, which has 16',
    'at most 4',
  ],
  [
    { 'load.databases': '1' },
    'ebs-2011-multi-zone.yaml:',
    '0 volumes of use1-b left for its single-zone databases',
    'at least 4',
  ],
  [{ 'load.multiZonePartedMs': '200' }, '--set load.multiZonePartedMs=200', '200 ms', 'more than storage.heartbeatMs'],
  [{ 'load.databaseStripeBytes': '1000' }, '--set load.databaseStripeBytes=1000', '1000 bytes', 'a multiple of 4096'],
  [{ 'storage.volumeBytes': '512KiB' }, 'ebs-2011.yaml:', '524288 bytes for a database', 'at least 786432'],
])('%j does not fit, and says so with its place', (overrides: Record<string, string>, place, found, expected) => {
  const error = ((): unknown => {
    try {
      return planOf('fast', overrides);
    } catch (thrown) {
      return thrown;
    }
  })();
  expect(String(error)).toContain(place);
  expect(String(error)).toContain(found);
  expect(String(error)).toContain(expected);
});

test('programs are told of the pairs that they have a part in, and where to dial', () => {
  const plan = planOf('fast');
  const told = (id: string) => containerConfigOf(plan, id).multiZoneDatabases.map((pair) => pair.id);
  for (const id of ['a-mz-1', 'b-mz-standbys', 'failover-agent', 'database-clients', 'control-plane']) {
    expect(told(id)).toHaveLength(4);
  }
  const dials = (id: string) => Object.keys(containerConfigOf(plan, id).links).filter((to) => !/^[ab]\d/.test(to));
  expect(dials('a-mz-2').toSorted()).toEqual(['b-mz-standbys', 'control-plane', 'failover-agent']);
  expect(dials('b-mz-standbys').toSorted()).toEqual(['control-plane', 'failover-agent']);
  expect(dials('database-clients').toSorted()).toEqual(['a-mz-1', 'a-mz-2', 'a-mz-3', 'a-mz-4', 'b-mz-standbys']);
});

test('a plan can be repeated from its file', () => {
  const plan = planOf('fast');
  const faultSettings = new Map(FAULTS.filter(isCarriedOut).map(({ kind, settings }) => [kind, settings]));
  const again = readPlan('plan.json', JSON.stringify(plan), { faultSettings, knownNames: metricNames });
  expect(again.multiZoneDatabases).toEqual(plan.multiZoneDatabases);
});
