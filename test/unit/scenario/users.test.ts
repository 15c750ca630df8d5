import { describe, expect, test } from 'vitest';
import { FAULTS } from '../../../harness/fault/catalogue.ts';
import { BadInputError } from '../../../harness/scenario/bad-input-error.ts';
import { buildPlan } from '../../../harness/scenario/build-plan.ts';
import { PORTS } from '../../../harness/scenario/container-config.ts';
import { containerConfigOf } from '../../../harness/scenario/container-config-of.ts';
import { readScenario } from '../../../harness/scenario/load-scenario.ts';
import type { Plan } from '../../../harness/scenario/plan.ts';

const read = await readScenario('ebs-2011', FAULTS);
const planOf = (preset: string, overrides: Record<string, string> = {}): Plan =>
  buildPlan({ ...read, preset, seed: 7, overrides, faults: FAULTS });
const users = (plan: Plan) => plan.containers.filter(({ role }) => role === 'users').map(({ id }) => id);
const fromControlPlane = (plan: Plan) => plan.links.filter(({ source }) => source === 'control-plane');

describe.each([
  ['fast', {}],
  ['full', { 'load.apiCallsPerSecond': '0', 'storage.storeServiceMs': '0' }],
])('%s without calls', (preset, overrides) => {
  test('has no users, no snapshots, no link that only these need, and a control plane as it was', () => {
    const plan = planOf(preset, overrides);
    expect(users(plan)).toEqual([]);
    expect(fromControlPlane(plan)).toEqual([]);
    const { storeServiceMs, dropExpired, poolPerZone, electionWorkers, controlPlaneWorkers } = plan.storage;
    expect([storeServiceMs, dropExpired, poolPerZone, electionWorkers, controlPlaneWorkers]).toEqual([0, 0, 0, 0, 16]);
    expect([plan.storage.snapshotEveryMs, plan.load.apiSnapshotShare]).toEqual([0, 0]);
  });

  test('snapshots of the control plane’s own need its links to the nodes, and no users', () => {
    const plan = planOf(preset, { ...overrides, 'storage.snapshotEveryMs': '2s' });
    expect(users(plan)).toEqual([]);
    expect(fromControlPlane(plan).length).toBe(plan.containers.filter(({ role }) => role === 'node').length);
  });
});

describe('loop', () => {
  const plan = planOf('loop');
  const fast = planOf('fast');

  test('is fast in a larger size, with users, their calls, a store that takes its time, and the race of closes', () => {
    expect(users(plan)).toEqual(['a-users', 'b-users']);
    const own = { storeServiceMs: 12.5, raceProbability: 0.0003 };
    const size = { volumeBytes: 786_432, slotsPerNode: 17 };
    const search = { searchParallel: 4, searchTimeoutMs: 1000, searchServiceMinMs: 18, searchServiceMaxMs: 24 };
    expect(plan.storage).toEqual({ ...fast.storage, ...size, ...search, ...own });
    const [ofLoop, ofFast] = [plan, fast].map(({ volumes }) => volumes.filter(({ zone }) => zone === 'use1-a').length);
    expect([ofLoop, ofFast]).toEqual([60, 40]);
    expect(plan.phases.map(({ name }) => name)).toEqual(fast.phases.map(({ name }) => name));
    const misroute = ({ phases }: Plan) =>
      phases[1]?.faults.map(({ id, kind, settings, targets }) => [id, kind, settings, targets.containers.length]);
    expect(misroute(plan)).toEqual(misroute(fast));
    expect(plan.phases[1]?.seconds).toBe(fast.phases[1]?.seconds);
  });

  test.each(['loop', 'half', 'full'])(
    '%s: creations that hang take more workers than there are, unless they time out early',
    (preset) => {
      const taken = ({ load, storage }: Plan) =>
        (load.apiCallsPerSecond * load.apiCreateShare * storage.createTimeoutMs) / 1000 / storage.controlPlaneWorkers;
      expect(taken(planOf(preset))).toBeGreaterThan(1.1);
      expect(taken(planOf(preset, { createTimeout: 'true' }))).toBeLessThan(0.5);
    },
  );

  test('the control plane reaches every node over the router of the node’s zone', () => {
    const links = fromControlPlane(plan);
    expect(links).toHaveLength(8 + 2);
    for (const { id, destination, router, listen, upstream } of links) {
      expect(router, id).toBe(`${destination.slice(0, 1)}-primary`);
      const attachments = plan.routers.find((one) => one.id === router)?.attachments ?? [];
      // It listens where the control plane is, and dials where the node is.
      expect(attachments.find(({ ip }) => ip === listen.ip)?.network, id).toBe('region');
      expect(upstream.port).toBe(PORTS.peer);
      const node = plan.containers.find((one) => one.id === destination);
      expect(node?.attachments.find(({ network }) => network.endsWith('primary'))?.ip).toBe(upstream.ip);
    }
    const config = containerConfigOf(plan, 'control-plane');
    expect(Object.keys(config.links).sort()).toEqual([...config.nodes].sort());
    expect(config.nodesOfZones).toEqual({
      'use1-a': ['a1', 'a2', 'a3', 'a4', 'a5', 'a6', 'a7', 'a8'],
      'use1-b': ['b1', 'b2'],
    });
  });

  test('users reach the control plane and nobody else', () => {
    expect(Object.keys(containerConfigOf(plan, 'b-users').links)).toEqual(['control-plane']);
  });
});

describe.each([
  ['createTimeout', { createTimeoutMs: 1000 }],
  ['loadShed', { controlQueueLimit: 32, dropExpired: 1 }],
  ['perZonePool', { poolPerZone: 1 }],
  ['perClusterElection', { electionWorkers: 4 }],
  ['snapshotStuck', { snapshotStuck: 1 }],
])('the remedy %s', (name, changed) => {
  test('changes this, and nothing else', () => {
    const [off, on] = [planOf('loop'), planOf('loop', { [name]: 'true' })];
    expect(on.storage).toEqual({ ...off.storage, ...changed });
    expect(on.load).toEqual(off.load);
    expect(on.parameters.find((one) => one.name === name)).toMatchObject({ value: true, unit: 'switch' });
    expect(off.parameters.find((one) => one.name === name)).toMatchObject({ value: false, origin: 'stated' });
  });
});

test('a service that needs what the scenario does not have is told with its place', () => {
  const services = read.topology.services.map((service) =>
    service.role === 'users' ? { ...service, needs: { value: 'load.apiCalls', at: service.at } } : service,
  );
  const topology = { ...read.topology, services };
  const build = () => buildPlan({ ...read, topology, preset: 'loop', seed: 7, overrides: {}, faults: FAULTS });
  expect(build).toThrow(BadInputError);
  expect(build).toThrow(/the parameter `load\.apiCalls`/);
});
