import { readdirSync, writeFileSync } from 'node:fs';
import type Docker from 'dockerode';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { withoutHeaders } from '../../harness/lab/containers/without-headers.ts';
import type { Plan } from '../../harness/scenario/plan.ts';
import { address, dial, type ProbeLab, probesOnly, startProbeLab } from './probe-lab.ts';

let probe: ProbeLab;
beforeAll(async () => {
  const docker = withBridges((network) => (network % 2 === 0 ? null : `zs${process.pid}-${network}`));
  probe = await startProbeLab(['a1', 'a2'], (plan) => triesFirst(probesOnly(plan)), 'kernel', { docker });
});
afterAll(() => probe?.[Symbol.asyncDispose]());

/**
 * An engine that calls the bridges of some of its networks otherwise than by the networks' ids, as Docker does when it is
 * told to and others do by themselves.
 */
function withBridges(nameOf: (network: number) => string | null, hide = false): (engine: Docker) => Docker {
  let made = 0;
  const named = (options: Docker.NetworkCreateOptions): Docker.NetworkCreateOptions => {
    made += 1;
    const name = nameOf(made);
    return name === null ? options : { ...options, Options: { 'com.docker.network.bridge.name': name } };
  };
  return (engine) =>
    Object.create(engine, {
      createNetwork: { value: (options: Docker.NetworkCreateOptions) => engine.createNetwork(named(options)) },
      getNetwork: { value: (id: string) => (hide ? withoutOptions(engine.getNetwork(id)) : engine.getNetwork(id)) },
    }) as Docker;
}

/** It does not tell what it was told. */
function withoutOptions(network: Docker.Network): Docker.Network {
  return Object.create(network, {
    inspect: { value: async () => ({ ...((await network.inspect()) as Docker.NetworkInspectInfo), Options: {} }) },
  }) as Docker.Network;
}

const PEER = 7000;
const HASTY = 'a1';

/** While it tries, the other container starts and ports are isolated, were it not held back until then. */
const TRIES = 4;

/** The very first thing that one of the programs does is to try the other's address, for some seconds. */
function triesFirst(plan: Plan): Plan {
  const target = `${address(plan, 'a2', 'use1-a-primary')}:${PEER}`;
  const tries = `for try in $(seq ${TRIES}); do node fixtures/probe/reach.ts ${target}; done`;
  const hasty = ['sh', '-c', `${tries}; exec node fixtures/probe/main.ts`];
  return { ...plan, containers: plan.containers.map((one) => (one.id === HASTY ? { ...one, command: hasty } : one)) };
}

/** What came of it at each start; `refused` would be an address that is reached, with nobody there yet. */
async function firstTries(): Promise<string[]> {
  const log = await probe.lab.docker.getContainer(probe.lab.containerId(HASTY)).logs({ stdout: true, stderr: true });
  const lines = withoutHeaders(log).toString().split('\n');
  return lines
    .filter((line) => line.includes(`:${PEER}"`))
    .flatMap((line) => Object.values(JSON.parse(line) as object));
}

/** Every address of every other container, and of the engine's bridges, on a port that is really listened on. */
function directAddresses(from: string): string[] {
  const others = probe.plan.containers.filter((one) => one.id !== from);
  return others.flatMap((one) => one.attachments.map(({ ip }) => `${ip}:${PEER}`));
}

async function expectNoBypass(from: string): Promise<void> {
  const targets = directAddresses(from);
  expect(targets.length).toBeGreaterThanOrEqual(4);
  const outcomes = await probe.exec<Record<string, string>>(from, 'reach.ts', targets);
  const reached = Object.entries(outcomes).filter(([, outcome]) => outcome === 'open' || outcome === 'refused');
  expect(reached, `${from} reaches others round the routers`).toEqual([]);
}

async function expectLinksOpen(from: string): Promise<void> {
  const links = probe.plan.links.filter((link) => link.source === from);
  const targets = links.map((link) => dial(probe.plan, link.id).join(':'));
  const outcomes = await probe.exec<Record<string, string>>(from, 'reach.ts', targets);
  expect(Object.values(outcomes), `${from}'s links`).toEqual(targets.map(() => 'open'));
}

test('the lab itself has tried it before any program of the storage began', () => {
  const [tried, ...more] = probe.records.filter((record) => record.kind === 'bypass');
  expect(more).toEqual([]);
  expect(tried).toMatchObject({ source: 'harness', tried: expect.any(Number) });
});

test.each(['a1', 'a2', 'a-instances', 'control-plane'])(
  '%s reaches others over its links and in no other way',
  async (id) => {
    await expectLinksOpen(id);
    await expectNoBypass(id);
  },
);

test('a container that was killed and started again has no bypass either', async () => {
  await probe.lab.containers.kill('a1');
  expect((await probe.lab.containers.state('a1')).running).toBe(false);
  await probe.lab.containers.start('a1');
  await expect.poll(firstTries, { timeout: 10_000 }).toHaveLength(2 * TRIES);
  // Nor had its program one in its first moment, then or now.
  const tries = await firstTries();
  expect(tries[TRIES]).toBe('silent');
  // Once nobody has answered for its address, the kernel says so at once.
  expect(tries.filter((outcome) => outcome !== 'silent' && outcome !== 'EHOSTUNREACH')).toEqual([]);
  await expect.poll(() => probe.exec('a1', 'reach.ts', []), { timeout: 10_000 }).toEqual({});
  await expectLinksOpen('a1');
  await expectNoBypass('a1');
  await expectNoBypass('a2');
});

test("a router's control plane is not reachable from a zone", async () => {
  const router = probe.lab.router('a-primary').plan;
  const targets = [router.management, ...router.attachments].map(({ ip }) => `${ip}:8474`);
  const outcomes = await probe.exec<Record<string, string>>('a1', 'reach.ts', targets);
  expect(Object.values(outcomes).filter((outcome) => outcome === 'open')).toEqual([]);
});

test('nothing is published but on 127.0.0.1, and only by routers’ namespaces', async () => {
  const namespaces = probe.plan.routers.map(({ id }) => `${id}-shell`);
  const containers = await probe.lab.docker.listContainers({
    filters: { label: [`zonestorm.run=${probe.lab.runId}`] },
  });
  for (const container of containers) {
    const published = container.Ports.filter((port) => port.PublicPort !== undefined);
    for (const port of published) expect(port.IP).toBe('127.0.0.1');
    const id = container.Labels['zonestorm.id'] ?? '';
    expect([id, published.length > 0]).toEqual([id, namespaces.includes(id)]);
  }
});

test('the routers run the real Toxiproxy 2.12', async () => {
  for (const router of probe.lab.routers) expect(await router.api.version()).toMatch(/2\.12\.0/);
});

test('it finds a bypass when there is one', async () => {
  // The same check on a network without isolation must fail, or it would prove nothing.
  const { docker } = probe.lab;
  const network = probe.lab.networkName('use1-a-primary');
  const extra = await docker.createNetwork({
    Name: `${network}-open`,
    Labels: { zonestorm: 'true', 'zonestorm.run': probe.lab.runId },
    IPAM: { Driver: 'default', Config: [{ Subnet: '198.19.255.0/28' }] },
  });
  for (const id of ['a1', 'a2']) await extra.connect({ Container: probe.lab.containerId(id) });
  const inspected = (await extra.inspect()) as { Containers: Record<string, { IPv4Address: string }> };
  const ip = inspected.Containers[probe.lab.containerId('a2')]?.IPv4Address.split('/')[0];
  const outcomes = await probe.exec<Record<string, string>>('a1', 'reach.ts', [`${ip}:${PEER}`]);
  expect(Object.values(outcomes)).toEqual(['open']);
  for (const id of ['a1', 'a2']) await extra.disconnect({ Container: probe.lab.containerId(id), Force: true });
});

test('bridges that cannot be found end the start, as nobody would be kept apart', async () => {
  const docker = withBridges((network) => `zs${process.pid}x${network}`, true);
  const start = startProbeLab(['a1', 'a2'], probesOnly, 'kernel', { docker });
  await expect(start).rejects.toThrow(/fewer ports are on the engine's bridges than containers were attached: 0 of \d/);
});

test('a bypass that opens while the lab starts is found before the storage begins', async () => {
  const prefix = `zs${process.pid}y`;
  const said: string[] = [];
  /** All ports of the run's bridges, by the kernel's files: at once, in the moment in which the lab has isolated them. */
  const open = (line: string): void => {
    said.push(line);
    if (!/routers, \d+ links/.test(line)) return;
    for (const bridge of readdirSync('/sys/class/net').filter((name) => name.startsWith(prefix))) {
      for (const port of readdirSync(`/sys/class/net/${bridge}/brif`)) {
        writeFileSync(`/sys/class/net/${bridge}/brif/${port}/isolated`, '0');
      }
    }
  };
  const hooks = { docker: withBridges((network) => `${prefix}${network}`), progress: open };
  await expect(startProbeLab(['a1', 'a2'], probesOnly, 'kernel', hooks)).rejects.toThrow(
    /containers reach each other round the routers: \S+ reached 198\.1[89]\./,
  );
  expect(said.filter((line) => /× (control-plane|node)/.test(line))).toEqual([]);
});
