import { execFileSync } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import type Docker from 'dockerode';
import { beforeAll, expect, type TestContext, test } from 'vitest';
import { Drill } from '../../bench/kills/drill.ts';
import { belongingsOf, remainsOf } from '../../bench/kills/remains.ts';
import { connectEngine, engineSocket } from '../../harness/lab/engine/connect.ts';
import { zonestorm } from './cli.ts';
import { Way } from './way.ts';

/** An engine that stalls one kind of call, and a machine that drops what bridges forward: both answer pings. */
let docker: Docker;
beforeAll(async () => {
  const engine = await connectEngine();
  if (engine === null) throw new Error('no engine');
  docker = engine;
});

const startBehind = (way: Way): Promise<Drill> =>
  Drill.start(['--seed', '4'], {
    DOCKER_HOST: `unix://${way.path}`,
    TESTCONTAINERS_DOCKER_SOCKET_OVERRIDE: engineSocket(),
  });

async function expectNothingLeft(
  one: Drill,
  runId: string | null,
  { expect }: Pick<TestContext, 'expect'>,
): Promise<void> {
  const all = await belongingsOf(docker, runId, `XDG_STATE_HOME=${one.state}`);
  await expect.poll(() => remainsOf(docker, all), { timeout: 30_000, interval: 1_000 }).toEqual([]);
}

// Side by side, as nothing is measured here.
test.concurrent.for([
  ['the log of a container that is silent', /^GET \/containers\/[^/]+\/logs\?.*follow=(1|true)/],
  ['the making of a network', /^POST \/networks\/create/],
  ['a command in a container', /^POST \/exec\/[^/]+\/start/],
] as const)('%s never comes: exit 3 with the call, in a minute, and nothing is left', async ([, call], { expect }) => {
  await using way = await Way.open();
  way.stallAt(call);
  await using one = await startBehind(way);
  const before = performance.now();
  const journal = await one.journalled();
  const { code } = await one.ended;
  console.error(`${call}: ${((performance.now() - before) / 1000).toFixed(1)} s\n${one.stderr}`);
  expect(way.stalled.length).toBeGreaterThan(0);
  expect(code, one.stderr).toBe(3);
  expect(one.stderr).toMatch(/did not (answer|come)/);
  expect(performance.now() - before).toBeLessThan(75_000);
  await expectNothingLeft(one, journal?.runId ?? null, { expect });
});

test.concurrent('Ctrl-C ends a start that waits for such a call', async ({ expect }) => {
  await using way = await Way.open();
  await using one = await startBehind(way);
  await one.said(/, folder /);
  way.stallAt(/^POST \/containers\/[^/]+\/attach/);
  while (way.stalled.length === 0 && one.running) await delay(50);
  const [before, journal] = [performance.now(), await one.journal()];
  one.child.kill('SIGINT');
  expect((await one.ended).code, one.stderr).toBe(130);
  expect(performance.now() - before).toBeLessThan(25_000);
  await expectNothingLeft(one, journal?.runId ?? null, { expect });
});

/** Of the addresses of trials alone. The engine goes through its chain for others' rules before its own. */
const rule = (action: '-I' | '-D'): Buffer =>
  execFileSync('iptables', ['-w', action, 'DOCKER-USER', '-s', '198.19.0.0/16', '-j', 'DROP']);

// By itself, as the rule is the whole machine's while it is there.
test('a firewall that drops what bridges forward: exit 3 before the lab starts, and the policy is named', async () => {
  rule('-I');
  try {
    const [ran, doctor] = [await Drill.start(['--seed', '4']), zonestorm(['doctor']).finished];
    await using one = ran;
    const journal = await one.journalled();
    expect((await one.ended).code, one.stderr).toBe(3);
    expect(one.stderr).toMatch(/packets do not pass between two containers.*\n.*chain FORWARD/);
    expect(one.stderr).not.toMatch(/\d+ networks/);
    expect((await doctor).code).toBe(3);
    expect((await doctor).stdout).toMatch(/^FAIL +forwarding +packets do not pass.*chain FORWARD/m);
    await expectNothingLeft(one, journal?.runId ?? null, { expect });
  } finally {
    rule('-D');
  }
});
