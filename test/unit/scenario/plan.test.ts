import { describe, expect, test } from 'vitest';
import { ACTIONS } from '../../../harness/action/catalogue.ts';
import { metricNames } from '../../../harness/check/resolve-metric.ts';
import { FAULTS } from '../../../harness/fault/catalogue.ts';
import { buildPlan } from '../../../harness/scenario/build-plan.ts';
import { PORTS } from '../../../harness/scenario/container-config.ts';
import { containerConfigOf } from '../../../harness/scenario/container-config-of.ts';
import { loadScenario, readScenario, shippedScenarios } from '../../../harness/scenario/load-scenario.ts';
import type { Plan } from '../../../harness/scenario/plan.ts';
import { predictStorm } from '../../../harness/scenario/predict-storm.ts';
import { relocate } from '../../../harness/scenario/relocate.ts';

function load(name: string, preset = 'fast', overrides: Record<string, string> = {}, seed = 1): Promise<Plan> {
  return loadScenario(name, { preset, seed, overrides, faults: FAULTS, actions: ACTIONS, knownNames: metricNames });
}

function parameter(plan: Plan, name: string) {
  return plan.parameters.find((candidate) => candidate.name === name);
}

/** Every address of a plan, with who has it. */
function addressesOf(plan: Plan): [string, string][] {
  return [...plan.routers, ...plan.containers].flatMap(({ id, attachments }) =>
    attachments.map(({ ip }): [string, string] => [ip, id]),
  );
}

describe('the scenarios that ship', () => {
  test('load in every size, with measurements that exist', async () => {
    const names = await shippedScenarios();
    expect(names).toEqual([
      'ebs-2011',
      'ebs-2011-databases',
      'ebs-2011-multi-zone',
      'ebs-2011-null',
      'ebs-2011-operated',
      'ebs-2011-short',
    ]);
    for (const name of names) {
      for (const preset of ['fast', 'half', 'full']) expect((await load(name, preset)).scenario.name).toBe(name);
    }
  });

  test('send FLUSHes where no campaign was made without them, and at the sizes of campaigns none', async () => {
    const shares = ['fast', 'loop', 'half', 'full'].map(
      async (preset) => (await load('ebs-2011', preset)).load.flushShare,
    );
    expect(await Promise.all(shares)).toEqual([0.1, 0.1, 0, 0]);
  });

  // One seed is as good as another: no draw may prevent the storm by its placement.
  test.each([
    { preset: 'fast', seeds: 300, N: 5, k: 2, V: 40, F: 20 },
    { preset: 'loop', seeds: 60, N: 8, k: 2, V: 60, F: 16 },
    { preset: 'half', seeds: 300, N: 8, k: 2, V: 60, F: 16 },
    { preset: 'full', seeds: 60, N: 16, k: 5, V: 240, F: 96 },
  ])('$preset: D exceeds F for $seeds seeds', async ({ preset, seeds, N, k, V, F }) => {
    const read = await readScenario('ebs-2011', FAULTS);
    const degraded: number[] = [];
    for (let seed = 1; seed <= seeds; seed += 1) {
      const storm = predictStorm(buildPlan({ ...read, preset, seed, overrides: {}, faults: FAULTS }));
      expect(storm).toMatchObject({ V, F, zone: 'use1-a' });
      degraded.push(storm?.D ?? 0);
    }
    expect(Math.min(...degraded)).toBeGreaterThan(F);
    // A volume keeps its partner when both of its nodes are among the N − k others.
    const expected = V * (1 - ((N - k) * (N - k - 1)) / (N * (N - 1)));
    const mean = degraded.reduce((sum, D) => sum + D, 0) / seeds;
    expect(Math.abs(mean - expected)).toBeLessThan(0.02 * expected);
  });

  test.each(['fast', 'half', 'full'])('%s: spare capacity leaves a free slot for any D', async (preset) => {
    const plan = await load('ebs-2011', preset, { capacityBuffer: 'true' });
    const storm = predictStorm(plan);
    const misrouted = plan.phases.flatMap((phase) => phase.faults).flatMap((fault) => fault.targets.containers);
    const replicas = plan.volumes.flatMap((v) => [v.primary, v.mirror]).filter((node) => misrouted.includes(node));
    // Not only for this draw: D can never exceed the replicas on the misrouted nodes.
    expect(storm?.F).toBeGreaterThan(replicas.length);
    expect(storm?.stuckShare).toBe(0);
    expect(parameter(plan, 'capacityBuffer')).toMatchObject({ value: true, origin: 'chosen' });
    expect(parameter(plan, 'storage.slotsPerNode')).toMatchObject({
      origin: 'chosen',
      why: expect.stringContaining('capacityBuffer'),
    });
  });

  test('the null scenario differs in its faults and expectations, not in the cluster', async () => {
    const [event, control] = [await load('ebs-2011'), await load('ebs-2011-null')];
    expect(control.phases.flatMap((phase) => phase.faults)).toEqual([]);
    for (const key of ['zones', 'routers', 'containers', 'links', 'volumes', 'storage', 'load'] as const) {
      expect(control[key]).toEqual(event[key]);
    }
    for (const { id } of event.containers) expect(containerConfigOf(control, id)).toEqual(containerConfigOf(event, id));
  });

  test('nothing chosen is said to be stated: a stated parameter cites its public source', async () => {
    const plan = await load('ebs-2011');
    const stated = plan.parameters.filter((p) => p.origin === 'stated');
    expect(stated.length).toBeGreaterThan(0);
    for (const { why } of stated) expect(why).toContain('https://aws.amazon.com/message/65648/');
    for (const { name, origin, value } of plan.parameters) {
      if (typeof value === 'number' && origin === 'stated') throw new Error(`AWS gave no number for ${name}`);
    }
  });
});

describe('a plan', () => {
  test('is a function of its inputs', async () => {
    expect(await load('ebs-2011')).toEqual(await load('ebs-2011'));
    const targets = new Set<string>();
    for (let seed = 1; seed <= 20; seed += 1) {
      targets.add(JSON.stringify((await load('ebs-2011', 'fast', {}, seed)).phases[1]?.faults));
    }
    expect(targets.size).toBeGreaterThan(5);
  });

  test.each(['fast', 'half', 'full'])(
    '%s: no address or port is given twice, and each is in its subnet',
    async (preset) => {
      const plan = await load('ebs-2011', preset);
      const addresses = addressesOf(plan);
      expect(new Set(addresses.map(([ip]) => ip)).size).toBe(addresses.length);
      // The engine's gateway takes the first address of a network.
      expect(addresses.filter(([ip]) => Number(ip.split('.')[3]) % 64 === 1)).toEqual([]);
      const listens = plan.links.map((link) => `${link.listen.ip}:${link.listen.port}`);
      expect(new Set(listens).size).toBe(listens.length);
      for (const router of plan.routers) {
        const ports = plan.links.filter((link) => link.router === router.id).map((link) => link.listen.port);
        expect(ports).toEqual(ports.map((_, i) => 20_000 + i));
      }
      const subnets = [
        ...plan.zones.flatMap((zone) => zone.planes),
        ...plan.routers.map((router) => router.management),
      ];
      const cidr = new Map(subnets.map(({ network, subnet }) => [network, subnet]));
      const number = (ip: string): number => ip.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
      for (const { attachments } of [...plan.routers, ...plan.containers]) {
        for (const { network, ip } of attachments) {
          const [base = '', prefix = ''] = (cidr.get(network) ?? '').split('/');
          const offset = number(ip) - number(base);
          expect(offset).toBeGreaterThan(1);
          expect(offset).toBeLessThan(2 ** (32 - Number(prefix)) - 1);
        }
      }
      // No two subnets overlap.
      const ranges = [...cidr.values()].map((subnet) => {
        const [base = '', prefix = ''] = subnet.split('/');
        return { from: number(base), to: number(base) + 2 ** (32 - Number(prefix)) };
      });
      ranges.sort((a, b) => a.from - b.from);
      for (const [i, range] of ranges.entries()) expect(range.from).toBeGreaterThanOrEqual(ranges[i - 1]?.to ?? 0);
    },
  );

  test('a link listens where its source is and dials where its destination is', async () => {
    const plan = await load('ebs-2011');
    const all = new Map([...plan.routers, ...plan.containers].map((member) => [member.id, member.attachments]));
    const networksOf = (id: string, ip: string) =>
      (all.get(id) ?? []).filter((attachment) => attachment.ip === ip).map((attachment) => attachment.network);
    for (const link of plan.links) {
      const [listenOn] = networksOf(link.router, link.listen.ip);
      const [dialOn] = networksOf(link.destination, link.upstream.ip);
      expect(listenOn).toBeDefined();
      expect(dialOn).toBeDefined();
      // The router must be on the destination's network, or it could not dial it.
      expect(all.get(link.router)?.map((attachment) => attachment.network)).toContain(dialOn);
      if (link.source === 'host') expect(listenOn).toBe(`${link.router}-management`);
      else expect(all.get(link.source)?.map((attachment) => attachment.network)).toContain(listenOn);
    }
    const find = (id: string) => plan.links.find((link) => link.id === id);
    expect(find('a1->a2@replication')).toMatchObject({ router: 'a-replication', upstream: { port: PORTS.peer } });
    expect(find('a-app->a5@primary')).toMatchObject({ router: 'a-primary', upstream: { port: PORTS.nbd } });
    expect(find('b1->control-plane@primary')).toMatchObject({
      router: 'b-primary',
      upstream: { port: PORTS.controlPlane },
    });
    expect(find('host->a-app@primary')).toMatchObject({ router: 'a-primary', upstream: { port: PORTS.http } });
    // 5 × 4 on both planes; 5 each to the control plane, from the instances and from the application; and the gauge's.
    expect(plan.links.filter((link) => link.router.startsWith('a-'))).toHaveLength(5 * 4 * 2 + 3 * 5 + 2 + 1 + 2);
  });

  test('routers: management first, then their own plane; the replication router is on the primary network too', async () => {
    const plan = await load('ebs-2011');
    expect(plan.routers.map((router) => [router.id, router.attachments.map((a) => a.network)])).toEqual([
      ['a-primary', ['a-primary-management', 'use1-a-primary', 'region']],
      ['a-replication', ['a-replication-management', 'use1-a-replication', 'use1-a-primary']],
      ['b-primary', ['b-primary-management', 'use1-b-primary', 'region']],
      ['b-replication', ['b-replication-management', 'use1-b-replication', 'use1-b-primary']],
    ]);
    for (const { management, attachments } of plan.routers) expect(attachments[0]?.ip).toBe(management.ip);
  });

  test('relocating is the same as building in the other block', async () => {
    const options = { preset: 'full', seed: 3, overrides: {}, faults: FAULTS };
    const here = await loadScenario('ebs-2011', { ...options, block: '198.18.0.0/22' });
    const there = await loadScenario('ebs-2011', { ...options, block: '198.19.252.0/22' });
    expect(relocate(here, '198.19.252.0/22')).toEqual(there);
    expect(relocate(there, '198.18.0.0/22')).toEqual(here);
    expect(addressesOf(there).filter(([ip]) => !ip.startsWith('198.19.25'))).toEqual([]);
    for (const block of ['198.18.1.0/22', '198.18.0.0/24', '300.18.0.0/22']) {
      expect(() => relocate(here, block)).toThrow(RangeError);
    }
  });
});

describe('overrides', () => {
  test('thin.capacity=primary lifts every replication plane to its primary', async () => {
    const plan = await load('ebs-2011', 'fast', { 'thin.capacity': 'primary' });
    expect(plan.routers.map((router) => router.capacityMbit)).toEqual([60, 60, 30, 30]);
    expect(parameter(plan, 'zones.use1-a.replication.capacity')).toMatchObject({
      value: 60,
      origin: 'chosen',
      why: 'Set for this run by thin.capacity=primary.',
    });
  });

  test('any dotted parameter, the later layer wins', async () => {
    const plan = await load('ebs-2011', 'fast', {
      capacityBuffer: 'true',
      'storage.slotsPerNode': '30',
      'storage.acknowledgeBeforeMirrorMs': '200',
      'phases.storm.atMost': '20s',
      'phases.misroute.for': '1s',
      'phases.misroute.pick': '3',
      'zones.use1-a.nodes': '10',
      'zones.use1-a.primary.capacity': '1gbit',
    });
    expect(plan.storage).toMatchObject({ slotsPerNode: 30, acknowledgeBeforeMirrorMs: 200, detectorMs: 750 });
    expect(plan.phases.map((phase) => phase.seconds ?? phase.atMostSeconds)).toEqual([8, 1, 20, 3]);
    expect(plan.phases[1]?.faults[0]).toMatchObject({ kind: 'misroute', targets: { containers: { length: 3 } } });
    expect(
      plan.containers.filter((container) => container.zone === 'use1-a' && container.role === 'node'),
    ).toHaveLength(10);
    expect(plan.routers[0]?.capacityMbit).toBe(1000);
    expect((await load('ebs-2011', 'fast', { capacityBuffer: 'false' })).storage.slotsPerNode).toBe(20);
  });

  test('each remedy is a switch of its own, off in every preset, and `fast` alone has no race', async () => {
    const off = {
      searchBackoffBaseMs: 0,
      reattachMs: 0,
      resyncsPerNode: 0,
      remirrorWaitMs: 0,
      remirrorStopShare: 1,
    };
    const plans = await Promise.all(['fast', 'full', 'loop', 'half'].map((preset) => load('ebs-2011', preset)));
    for (const { storage } of plans) expect(storage).toMatchObject(off);
    expect(plans.map(({ storage }) => storage.raceProbability > 0)).toEqual([false, true, true, true]);
    const loop = plans[2]?.storage;
    const on: readonly (readonly [string, string])[] = [
      ['capacityBuffer', 'slotsPerNode'],
      ['searchBackoff', 'searchBackoffBaseMs'],
      ['reattachFirst', 'reattachMs'],
      ['raceFixed', 'raceProbability'],
      ['boundedResyncs', 'resyncsPerNode'],
      ['remirrorWait', 'remirrorWaitMs'],
      ['remirrorStop', 'remirrorStopShare'],
    ];
    for (const [name, changed] of on) {
      const { storage } = await load('ebs-2011', 'loop', { [name]: 'true' });
      const differing = Object.entries(storage).filter(([key, value]) => loop?.[key as keyof typeof storage] !== value);
      expect(differing.map(([key]) => key)).toEqual([changed]);
    }
    expect((await load('ebs-2011', 'loop')).phases[2]).toMatchObject({ until: 'mirrored', atMostSeconds: 90 });
  });

  test('more nodes leave the other zone as it was', async () => {
    const [few, many] = [await load('ebs-2011'), await load('ebs-2011', 'fast', { 'zones.use1-a.nodes': '12' })];
    const inB = (plan: Plan) => plan.volumes.filter((volume) => volume.zone === 'use1-b');
    expect(inB(many)).toEqual(inB(few));
  });
});

describe('containerConfigOf', () => {
  test('a node knows its peers by router, its zone’s nodes and volumes, and no fault', async () => {
    const plan = await load('ebs-2011');
    const config = containerConfigOf(plan, 'a3');
    const router = plan.routers.find((candidate) => candidate.id === 'a-replication');
    expect(Object.keys(config.addresses)).toEqual(['primary', 'replication']);
    expect(config.links.a1?.replication?.host).toBe(router?.attachments[1]?.ip);
    expect(Object.keys(config.links)).toHaveLength(4 + 1);
    for (const link of plan.links.filter((candidate) => candidate.source === 'a3')) {
      const dial = config.links[link.destination]?.[link.plane];
      expect(dial).toEqual({ host: link.listen.ip, port: link.listen.port });
    }
    expect(config.links.a3).toBeUndefined();
    expect(config.nodes).toEqual(['a1', 'a2', 'a3', 'a4', 'a5']);
    expect(config.volumes).toHaveLength(40);
    expect(JSON.stringify(config)).not.toContain('misroute');
  });

  test('the control plane serves all zones; an unknown container is an error', async () => {
    const plan = await load('ebs-2011');
    const config = containerConfigOf(plan, 'control-plane');
    expect(config.nodes).toHaveLength(7);
    expect(config.volumes).toHaveLength(52);
    expect(config.links).toEqual({});
    expect(() => containerConfigOf(plan, 'a99')).toThrow(RangeError);
  });
});
