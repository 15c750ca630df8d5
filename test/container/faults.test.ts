import { afterAll, beforeAll, expect, test } from 'vitest';
import { bindFault, FAULTS } from '../../harness/fault/catalogue.ts';
import { verifyRest } from '../../harness/run/verify-rest.ts';
import type { OperatorOrder } from '../../harness/scenario/operator-order.ts';
import { monotonicMs } from '../../harness/time/monotonic.ts';
import { faultOn, faultsOf } from './fault-of.ts';
import { dial, execIn, type ProbeLab, probesOnly, startProbeLab } from './probe-lab.ts';

const NODES = ['a1', 'a2', 'a3', 'a4'];
let probe: ProbeLab;
beforeAll(async () => {
  probe = await startProbeLab(NODES, (plan) => {
    const lab = probesOnly(plan);
    // Disks of limited size are there from the start, as in a plan with this fault.
    const full = faultsOf(plan, 'disk-full: { containers: [a1], size: 8MiB }');
    const containers = lab.containers.map((one) => ({ ...one, disks: one.id === 'a1' ? ['/data'] : [] }));
    const phase = { name: 'p', seconds: 1, until: null, atMostSeconds: null, faults: full, actions: [] };
    return { ...lab, containers, phases: [phase] };
  });
});
afterAll(() => probe?.[Symbol.asyncDispose]());

test('the lab is at rest when nothing has been done to it', async () => {
  expect(await verifyRest(probe.lab)).toEqual([]);
});

const examples = FAULTS.map(({ kind, example }) => [kind, example.replaceAll('64MiB', '8MiB')] as const);

test.each(examples)('%s: in force once applied, and gone once reverted, also reverted twice', async (kind, line) => {
  const faults = faultsOf(probe.plan, line, `${kind}-1`);
  expect(faults.length).toBeGreaterThan(0);
  for (const one of faults.slice(0, 3)) {
    const fault = bindFault(one, probe.lab);
    await fault.revert();
    expect(await fault.probe(), 'before it is applied').toBe(0);
    const began = monotonicMs();
    await fault.apply();
    const took = monotonicMs() - began;
    expect(await fault.probe()).toBe(1);
    await fault.revert();
    await fault.revert();
    expect(await fault.probe()).toBe(0);
    expect(await verifyRest(probe.lab)).toEqual([]);
    console.error(`${one.id} (${one.targets.links.length} links): applied in ${took.toFixed(1)} ms`);
  }
});

test('faults on one link end independently of one another, in any order', async () => {
  const refuse = faultOn(probe.lab, 'cut: { links: ["a1->a2@primary"], kind: refuse }', 'one');
  const wider = faultOn(probe.lab, 'cut: { links: ["a1->*@primary"], kind: refuse }', 'two');
  const slow = faultOn(probe.lab, 'delay: { links: ["a1->a2@primary"], by: 20ms }', 'three');
  const target = dial(probe.plan, 'a1->a2@primary').join(':');
  const reach = async () => (await probe.exec<Record<string, string>>('a1', 'reach.ts', [target]))[target];
  await refuse.apply();
  await wider.apply();
  await slow.apply();
  await refuse.revert();
  expect(await refuse.probe()).toBe(0);
  expect(await wider.probe()).toBe(1);
  expect(await slow.probe()).toBe(1);
  expect(await reach()).toBe('refused');
  await wider.revert();
  expect(await reach()).toBe('open');
  expect(await slow.probe()).toBe(1);
  await slow.revert();
  expect(await verifyRest(probe.lab)).toEqual([]);
});

test('two capacities for one router: the lower holds, until it ends', async () => {
  const router = probe.lab.router('a-primary');
  const half = faultOn(probe.lab, 'capacity: { router: a-primary, to: 50% }', 'half');
  const tenth = faultOn(probe.lab, 'capacity: { router: a-primary, to: 10% }', 'tenth');
  await half.apply();
  await tenth.apply();
  expect(await router.capacityMbit()).toBeCloseTo(12, 2);
  expect([await half.probe(), await tenth.probe()]).toEqual([1, 1]);
  await tenth.revert();
  expect([await half.probe(), await tenth.probe()]).toEqual([1, 0]);
  expect(await router.capacityMbit()).toBeCloseTo(60, 2);
  await half.revert();
  expect(await router.capacityMbit()).toBeCloseTo(120, 2);
  expect(await verifyRest(probe.lab)).toEqual([]);
});

test('what a fault leaves behind is found when the final state is read', async () => {
  const router = probe.lab.router('a-primary');
  const link = probe.plan.links.find((one) => one.id === 'a1->a2@primary');
  if (link === undefined) throw new Error('no link');
  const proxy = {
    name: 'a1.a2',
    listen: dial(probe.plan, link.id).join(':'),
    upstream: `${link.upstream.ip}:${link.upstream.port}`,
  };
  await router.api.update(proxy, false);
  await router.api.addToxic('a1.a2', 'stray', {
    type: 'latency',
    stream: 'upstream',
    attributes: { latency: 5, jitter: 0 },
  });
  await router.shell.divert([link.upstream.ip], probe.lab.router('a-replication').plan.attachments.at(-1)?.ip ?? '');
  await router.shell.drop(77, [
    { direction: 'ingress', at: link.listen.ip, peer: link.upstream.ip, port: 1, portOf: 'router' },
  ]);
  await router.shell.reshape({ rateBits: 1_000_000, burstBytes: 20_000, limitBytes: 100_000 });
  await probe.lab.containers.pause('a3');
  await probe.lab.containers.kill('a4');
  const found = (await verifyRest(probe.lab)).join('\n');
  for (const words of [
    'a1.a2 is disabled',
    'the toxic stray',
    'route of its own',
    'filters that nobody set',
    'its queue sends',
    'a3 is frozen',
    'a4 does not run',
  ]) {
    expect(found).toContain(words);
  }
  await probe.lab.containers.start('a4');
  await probe.lab.containers.unpause('a3');
  await router.shell.undivert([link.upstream.ip]);
  await router.shell.undrop(77);
  await router.api.removeToxic('a1.a2', 'stray');
  await router.api.update(proxy, true);
  await faultOn(probe.lab, 'capacity: { router: a-primary, to: 50% }', 'again').apply();
  await faultOn(probe.lab, 'capacity: { router: a-primary, to: 50% }', 'again').revert();
  expect(await verifyRest(probe.lab)).toEqual([]);
});

test('a node that restarts during a fault comes back under the same fault, and is healed with it', async () => {
  const { lab, plan } = probe;
  const target = dial(plan, 'a1->a2@primary').join(':');
  const back = dial(plan, 'a2->a1@primary').join(':');
  const reach = async (from: string, to: string) =>
    (await probe.exec<Record<string, string>>(from, 'reach.ts', [to]))[to];
  for (const [kind, seen] of [
    ['drop', 'silent'],
    ['refuse', 'refused'],
  ] as const) {
    const isolate = faultOn(lab, `isolate: { containers: [a2], kind: ${kind} }`, `isolate-${kind}`);
    const starve = faultOn(lab, 'cpu: { containers: [a2], to: 0.2 }', `cpu-${kind}`);
    await isolate.apply();
    await starve.apply();
    await lab.containers.kill('a2');
    await lab.containers.start('a2');
    expect(await isolate.probe()).toBe(1);
    expect(await starve.probe()).toBe(1);
    expect(await reach('a1', target)).toBe(seen);
    expect(await reach('a2', back)).toBe(seen);
    await starve.revert();
    await isolate.revert();
    expect(await reach('a1', target)).toBe('open');
    expect(await reach('a2', back)).toBe('open');
    expect(await verifyRest(lab)).toEqual([]);
  }
});

test('a container that is starved of CPU is frozen all the same, which the engine often refuses', async () => {
  const { lab } = probe;
  const a3 = lab.docker.getContainer(lab.containerId('a3'));
  const busy = 'for i in 1 2 3; do timeout 120 sh -c "while :; do :; done" & done; wait';
  await (await a3.exec({ Cmd: ['sh', '-c', busy] })).start({ Detach: true });
  const starve = faultOn(lab, 'cpu: { containers: [a3], to: 0.05 }', 'starve');
  const pause = faultOn(lab, 'pause: { containers: [a3] }', 'starved');
  await starve.apply();
  let refused = false;
  for (let asked = 0; asked < 50 && !refused; asked += 1) {
    await a3.pause().then(
      () => a3.unpause(),
      (error: Error) => {
        expect(error.message).toContain('unable to freeze');
        refused = true;
      },
    );
  }
  expect(refused).toBe(true);
  for (let times = 0; times < 8; times += 1) {
    await pause.apply();
    expect(await pause.probe()).toBe(1);
    await pause.revert();
  }
  await starve.revert();
  await lab.containers.kill('a3');
  await lab.containers.start('a3');
  expect(await verifyRest(lab)).toEqual([]);
});

test('a fault whose target is dead is put back all the same', async () => {
  const { lab } = probe;
  const faults = [
    'cpu: { containers: [a1], to: 0.2 }',
    'disk-full: { containers: [a1], size: 8MiB }',
    'pause: { containers: [a1] }',
  ].map((line, i) => faultOn(lab, line, `dead-${i}`));
  for (const fault of faults) await fault.apply();
  await lab.containers.kill('a1');
  for (const fault of faults.toReversed()) await fault.revert();
  for (const fault of faults) expect(await fault.probe()).toBe(0);
  await lab.containers.start('a1');
  expect(await verifyRest(lab)).toEqual([]);
});

test('a link whose destination is dead is cut at once, also while the router dials it', async () => {
  const { lab, plan, records } = probe;
  const target = dial(plan, 'a1->a2@primary').join(':');
  // Not by a fault, whose links refuse: as a program that ends by itself, of which the router learns nothing.
  const node = lab.docker.getContainer(lab.containerId('a2'));
  await node.kill({ signal: 'SIGKILL' });
  await node.wait({ condition: 'not-running' });
  try {
    const replaced = () => records.filter((record) => record.kind === 'router.replaced');
    const before = replaced().length;
    for (let times = 0; times < 3; times += 1) {
      const cut = faultOn(lab, 'cut: { links: ["a1->a2@primary"], kind: refuse }', `dead-end-${times}`);
      // Toxiproxy takes these connections and dials the dead node for one after the other.
      const reached = await Promise.all(
        [1, 2, 3].map(() => probe.exec<Record<string, string>>('a1', 'reach.ts', [target])),
      );
      expect(reached.map((one) => one[target])).not.toContain('refused');
      const began = monotonicMs();
      await cut.apply();
      console.error(`cut from a dead node in ${(monotonicMs() - began).toFixed(0)} ms`);
      expect(await cut.probe()).toBe(1);
      await cut.revert();
    }
    expect(replaced().slice(before)).toEqual([]);
  } finally {
    await lab.containers.start('a2');
  }
  expect(await verifyRest(lab)).toEqual([]);
});

test('a full disk is full for the container, also after a restart, and never the machine’s', async () => {
  const { lab } = probe;
  const write = 'dd if=/dev/zero of=/data/x bs=64k count=4 2>&1 | tail -1; df -B1 --output=size /data | tail -1';
  const full = faultOn(lab, 'disk-full: { containers: [a1], size: 8MiB }', 'full');
  await full.apply();
  const first = await execIn(lab, 'a1', ['sh', '-c', write]);
  expect(first).toMatch(/No space left|0 bytes/);
  expect(Number(first.trim().split('\n').at(-1))).toBeLessThanOrEqual(8 * 2 ** 20);
  await lab.containers.kill('a1');
  await lab.containers.start('a1');
  expect(await full.probe()).toBe(1);
  await full.revert();
  expect(await execIn(lab, 'a1', ['sh', '-c', write])).toMatch(/262144 bytes/);
  // One that is not on a file system of its own is not filled.
  const other = { ...full.plan, targets: { ...full.plan.targets, containers: ['a2'] } };
  await expect(bindFault(other, lab).apply()).rejects.toThrow(/no file system of its own/);
});

test('a program that is started again is told the states in force, and no act again', async () => {
  const { programs, containers } = probe.lab;
  const tell = (id: string, order: OperatorOrder) => programs.tell('control-plane', id, order);
  const answered = () =>
    probe.records.flatMap((one) => (one.kind === 'operated' && one.source === 'control-plane' ? [one.id] : []));
  await tell('off', { do: 'creation', zone: 'use1-a', allowed: false });
  await tell('on', { do: 'creation', zone: 'use1-a', allowed: true });
  await tell('other', { do: 'creation', zone: 'use1-b', allowed: false });
  await tell('act', { do: 'restore', zone: 'use1-a', failedNodes: ['a1'], batchSize: 4 });
  await expect(tell('bad', { do: 'dedicate', zone: 'nowhere', workers: 2 })).rejects.toThrow('no such zone');
  expect(answered()).toEqual(['off', 'on', 'other', 'act', 'bad']);
  await containers.kill('control-plane');
  // Whoever waits for an act is told that it will not be answered; a state holds from the start on.
  const act = tell('lost', { do: 'restore', zone: 'use1-a', failedNodes: ['a1'], batchSize: 4 });
  const state = tell('late', { do: 'dedicate', zone: 'use1-a', workers: 2 });
  const lost = expect(act).rejects.toThrow('control-plane was started again before it had answered');
  await containers.start('control-plane');
  await lost;
  await expect(state).resolves.toEqual({ do: 'dedicate' });
  await tell('last', { do: 'search', allowed: true });
  expect(answered().slice(5)).toEqual(['on', 'other', 'late', 'last']);
  expect(await verifyRest(probe.lab)).toEqual([]);
});
