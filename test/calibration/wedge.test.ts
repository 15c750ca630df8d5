import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { Program } from '../../bench/lab/program.ts';
import type { TalkReport } from '../../fixtures/probe/talk-protocol.ts';
import type { Router } from '../../harness/fabric/router.ts';
import type { BoundFault } from '../../harness/fault/catalogue.ts';
import { LIMITS } from '../../harness/lab/limits.ts';
import { verifyRest } from '../../harness/run/verify-rest.ts';
import { PORTS } from '../../harness/scenario/container-config.ts';
import type { Plan, PlanLink } from '../../harness/scenario/plan.ts';
import { monotonicMs } from '../../harness/time/monotonic.ts';
import { faultOn } from '../container/fault-of.ts';
import { dial, type ProbeLab, probesOnly, startProbeLab } from '../container/probe-lab.ts';
import { until } from './until.ts';

/**
 * A Toxiproxy's control plane hangs when a toxic is changed on a connection whose destination does not read
 * (https://github.com/Shopify/toxiproxy/issues/558): the toxic waits to hand over its bytes, the change waits for the
 * toxic, and everything else that asks about the proxy waits for the change.
 */
const LINK = 'a1->a2@primary';
const HOST_LINK = 'host->a2@primary';
let probe: ProbeLab;
let router: Router;
beforeAll(async () => {
  probe = await startProbeLab(['a1', 'a2', 'a3'], (plan) => withHostLink(probesOnly(plan)));
  router = probe.lab.router('a-primary');
});
afterAll(() => probe?.[Symbol.asyncDispose]());

/** A link from the machine, so that a published port is there to be lost. */
function withHostLink(plan: Plan): Plan {
  const of = plan.routers.find((one) => one.id === 'a-primary');
  const near = plan.links.find((one) => one.id === LINK);
  if (of === undefined || near === undefined) throw new Error('another plan');
  const link: PlanLink = {
    ...near,
    id: HOST_LINK,
    source: 'host',
    listen: { ip: of.management.ip, port: 29_000 },
    upstream: { ip: near.upstream.ip, port: PORTS.http },
  };
  return { ...plan, links: [...plan.links, link] };
}

interface Jam {
  /** The sender gives up; resolves when its connections are gone from the router. */
  giveUp(): Promise<void>;
}

const CONNECTIONS = 2;
/** A kernel lets a fast connection's buffers grow to tens of megabytes at each end, and a capped one fills them slowly. */
const FULL_MS = 45_000;

/** A sender that floods the node until it gives up, then `change`, then the node is frozen, and every buffer fills. */
async function jam(change: () => Promise<void>): Promise<Jam> {
  const [host, port] = dial(probe.plan, LINK);
  const sender = probe.lab.containerId('a1');
  const flood = await Program.start(probe.lab.docker, sender, 'flood.ts', [host, port, CONNECTIONS]);
  const giveUp = async (): Promise<void> => {
    await flood[Symbol.asyncDispose]();
    await until('the flood’s connections end', async () => !(await router.shell.connections()).has(port), FULL_MS);
  };
  onTestFinished(() => flood[Symbol.asyncDispose]());
  const connections = async () => (await router.shell.connections()).get(port);
  const bytes = async () => (await router.shell.queue()).frameBytes;
  const start = await bytes();
  await until('the flood flows', async () => (await bytes()) > start + 1_000_000);
  // One may come after the other's first bytes, and a cap would be shared out anew amid the jam.
  await until('all of it', async () => (await connections()) === CONNECTIONS);
  await change();
  onTestFinished(() => thaw());
  await probe.lab.containers.pause('a2');
  // The sender wants to send all the while, so that what does not move is full, not over.
  const moved = async () => [await bytes(), (await flood.ask<{ sent: number }>('sent')).sent].join();
  await until(
    'every buffer is full',
    async () => {
      const before = await moved();
      await delay(500);
      return (await moved()) === before;
    },
    FULL_MS,
  );
  expect(await connections()).toBe(CONNECTIONS);
  return { giveUp };
}

const thaw = (): Promise<void> => probe.lab.containers.unpause('a2');

/** Reverted when the test ends, however it does: reverting twice is nothing, and a failure is no other test's. */
function fault(line: string, id: string): BoundFault {
  const bound = faultOn(probe.lab, line, id);
  onTestFinished(() => bound.revert());
  return bound;
}

const replacements = () => probe.records.filter((one) => one.kind === 'router.replaced');

test('the case is real: Toxiproxy hangs when a toxic is removed from a connection that nobody reads', async () => {
  const url = `http://127.0.0.1:${router.published.get(8474)}/proxies`;
  const { giveUp } = await jam(() =>
    router.api.addToxic('a1.a2', 'raw', { type: 'bandwidth', stream: 'upstream', attributes: { rate: 5_000 } }),
  );
  const before = await fetch(url);
  expect(before.status).toBe(200);
  await before.text();
  const removal = fetch(`${url}/a1.a2/toxics/raw`, { method: 'DELETE' });
  await delay(200);
  await expect(fetch(url, { signal: AbortSignal.timeout(LIMITS.toxiproxyMs) })).rejects.toThrow(/timeout/);
  // It answers again only when the node reads, which a dead one never does.
  await thaw();
  expect((await removal).status).toBe(204);
  await giveUp();
  expect(replacements()).toEqual([]);
  expect(await verifyRest(probe.lab)).toEqual([]);
});

test('a router that hangs is replaced: every fault in force stays in force, and all is as before afterwards', async () => {
  const { lab, plan } = probe;
  const others = [
    'delay: { links: ["a1->a3@primary"], by: 30ms }',
    'cut: { links: ["a3->a1@primary"], kind: refuse }',
    'cut: { links: ["a3->a2@primary"], kind: half-open }',
    'cut: { links: ["a-instances->a3@primary"], kind: drop }',
    'capacity: { router: a-primary, to: 50% }',
    'misroute: { zone: use1-a, nodes: [a3], connections: kept }',
  ].map((line, i) => fault(line, `other${i}`));
  for (const one of others) await one.apply();
  const cap = fault(`cap: { links: ["${LINK}"], to: 40mbit }`, 'cap');
  const { giveUp } = await jam(() => cap.apply());
  const talk = probe.exec<TalkReport>('a1', 'talk.ts', [...dial(plan, 'a1->a3@primary'), 'bystander', 6]);
  const knocks = probe.exec<Record<string, number>>('a3', 'knock.ts', [...dial(plan, 'a3->a1@primary'), 5, 6]);
  await delay(1_000);
  expect(replacements()).toEqual([]);
  const queued = (await router.shell.queue()).frameBytes;

  const revertingAt = monotonicMs();
  await cap.revert();
  const tookMs = monotonicMs() - revertingAt;
  console.error(`replaced and restored in ${tookMs.toFixed(0)} ms`);
  expect(tookMs).toBeGreaterThan(LIMITS.toxiproxyMs);
  expect(tookMs).toBeLessThan(LIMITS.toxiproxyMs + 5_000);
  expect(await cap.probe()).toBe(0);
  expect(replacements()).toEqual([
    {
      kind: 'router.replaced',
      t: expect.any(Number),
      source: 'a-primary',
      reason: expect.stringMatching(
        new RegExp(`^remove cap\\..* of a-primary's Toxiproxy did not come within ${LIMITS.toxiproxyMs} ms$`),
      ),
    },
  ]);

  for (const one of others) expect(await one.probe(), one.plan.description).toBe(1);
  expect(await router.capacityMbit()).toBeCloseTo(60, 1);
  expect((await router.shell.queue()).frameBytes).toBeGreaterThanOrEqual(queued);
  const [host, port] = dial(plan, 'a-instances->a3@primary');
  expect(await probe.exec('a-instances', 'reach.ts', [`${host}:${port}`])).toEqual({ [`${host}:${port}`]: 'silent' });
  // Not for a moment did the link that is refused let anyone through.
  const outcomes = await knocks;
  expect(outcomes.refused).toBeGreaterThan(500);
  expect(outcomes).toEqual({ refused: outcomes.refused });
  // Every connection of the router ended, which is why it is on record; new ones are delayed as before.
  const { talking, fresh } = await talk;
  expect(talking.end).not.toBeNull();
  const later = fresh.filter((one) => one.dialledAt > revertingAt + tookMs);
  expect(later.length).toBeGreaterThan(5);
  for (const { sent, echoed } of later) {
    expect((echoed[0]?.[1] ?? Number.NaN) - (sent[0]?.[1] ?? 0)).toBeGreaterThan(59);
  }

  await thaw();
  for (const one of others.toReversed()) await one.revert();
  for (const one of others) expect(await one.probe()).toBe(0);
  await giveUp();
  expect(await verifyRest(lab)).toEqual([]);
  expect(await allOpen(plan)).toEqual([]);
  expect(await echoFromHost(lab.hostPort(HOST_LINK))).toBe('x');
});

test('a fault that is applied to a connection that nobody reads replaces the router too, and is in force', async () => {
  const { giveUp } = await jam(async () => undefined);
  const count = replacements().length;
  const slow = fault(`delay: { links: ["${LINK}"], by: 20ms }`, 'slow');
  await slow.apply();
  expect(await slow.probe()).toBe(1);
  expect(replacements()).toHaveLength(count + 1);
  expect(replacements().at(-1)).toMatchObject({ reason: expect.stringMatching(/^add slow\..* did not come within/) });
  await thaw();
  await slow.revert();
  await giveUp();
  expect(await verifyRest(probe.lab)).toEqual([]);
});

test('one that has ended is replaced within seconds though nobody calls it, with everything that is in force', async () => {
  const { lab } = probe;
  const slow = fault('delay: { links: ["a1->a3@primary"], by: 30ms }', 'slow');
  await slow.apply();
  const count = replacements().length;
  await lab.docker.getContainer(`zonestorm-${lab.runId}-a-primary`).kill();
  await until('it is replaced', async () => replacements().length > count);
  expect(await slow.probe()).toBe(1);
  expect(replacements()).toHaveLength(count + 1);
  await slow.revert();
  expect(await verifyRest(lab)).toEqual([]);
  expect(await allOpen(probe.plan)).toEqual([]);
});

/** Links of the zone's containers that are not open. */
async function allOpen(plan: Plan): Promise<string[]> {
  const sources = ['a1', 'a2', 'a3'];
  const found = await Promise.all(
    sources.map(async (source) => {
      const links = plan.links.filter((link) => link.source === source);
      const target = ({ listen }: PlanLink) => `${listen.ip}:${listen.port}`;
      const reached = await probe.exec<Record<string, string>>(source, 'reach.ts', links.map(target));
      return links.filter((link) => reached[target(link)] !== 'open').map((link) => link.id);
    }),
  );
  return found.flat();
}

async function echoFromHost(port: number): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port });
  socket.write('Ex');
  const [data] = (await once(socket, 'data')) as [Buffer];
  socket.destroy();
  return data.toString();
}
