import { expect, test } from 'vitest';
import { FAULTS } from '../../../harness/fault/catalogue.ts';
import { buildPlan } from '../../../harness/scenario/build-plan.ts';
import { containerConfigOf } from '../../../harness/scenario/container-config-of.ts';
import { readScenario } from '../../../harness/scenario/load-scenario.ts';
import { placeDatabases } from '../../../harness/scenario/place-databases.ts';
import type { Plan } from '../../../harness/scenario/plan.ts';

const plain = await readScenario('ebs-2011', FAULTS);
const read = await readScenario('ebs-2011-databases', FAULTS);
const planOf = (preset: string, overrides: Record<string, string> = {}): Plan =>
  buildPlan({ ...read, preset, seed: 7, overrides, faults: FAULTS });
const containers = (plan: Plan) => plan.containers.filter(({ role }) => role === 'databases').map(({ id }) => id);

test.each(['fast', 'full', 'loop', 'half'])('%s of ebs-2011 has no databases', (preset) => {
  const plan = buildPlan({ ...plain, preset, seed: 7, overrides: {}, faults: FAULTS });
  expect(containers(plan)).toEqual([]);
  expect(plan.databases).toEqual([]);
});

test('each database has volumes of its own, all of its zone, as many databases as the volumes are enough for', () => {
  const plan = planOf('fast');
  expect(containers(plan)).toEqual(['a-databases', 'b-databases']);
  const of = (zone: string) => plan.databases.filter((database) => database.zone === zone);
  expect(of('use1-a').map(({ id }) => id)).toEqual(
    Array.from({ length: 15 }, (_, i) => `a-db-${String(i + 1).padStart(2, '0')}`),
  );
  expect(of('use1-b').map(({ id }) => id)).toEqual(['b-db-01', 'b-db-02', 'b-db-03']);
  const used = plan.databases.flatMap(({ volumes }) => volumes);
  expect(new Set(used).size).toBe(72);
  for (const { zone, volumes } of plan.databases) {
    expect(volumes).toHaveLength(4);
    for (const id of volumes) expect(plan.volumes.find((volume) => volume.id === id)?.zone).toBe(zone);
  }
});

test('the placement, the faults and the rest of the load are those of ebs-2011 in this size', () => {
  const size = {
    'zones.use1-a.volumes': '60',
    'phases.storm.atMost': '110s',
    'storage.slotsPerNode': '30',
    'storage.volumeBytes': '768KiB',
    'load.ioPerSecondPerVolume': '0.36',
    'load.appRequestsPerSecond': '4',
  };
  const other = buildPlan({ ...plain, preset: 'fast', seed: 7, overrides: size, faults: FAULTS });
  const plan = planOf('fast');
  expect(plan.volumes).toEqual(other.volumes);
  expect(plan.phases).toEqual(other.phases);
  expect(plan.load).toEqual({ ...other.load, databases: 15, databaseTransactionsPerSecond: 0.75 });
});

test('programs are told of the databases of the zones that they serve', () => {
  const plan = planOf('fast', { 'load.databases': '2', 'load.databaseVolumes': '3', 'storage.volumeBytes': '1MiB' });
  const told = (id: string) => containerConfigOf(plan, id).databases.map((database) => database.id);
  expect(told('a-databases')).toEqual(['a-db-01', 'a-db-02']);
  expect(told('b-app')).toEqual(['b-db-01', 'b-db-02']);
  expect(told('control-plane')).toEqual(['a-db-01', 'a-db-02', 'b-db-01', 'b-db-02']);
  expect(plan.databases[1]?.volumes).toEqual(['a-vol-004', 'a-vol-005', 'a-vol-006']);
});

test('a zone’s databases are placed once, however many containers it has for them', () => {
  const plan = planOf('fast');
  const twice = [...plan.containers, ...plan.containers];
  expect(placeDatabases(twice, plan.volumes, plan.load)).toEqual(plan.databases);
});
