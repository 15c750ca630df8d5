import { setTimeout as delay } from 'node:timers/promises';
import type Docker from 'dockerode';
import { afterAll, beforeAll, test } from 'vitest';
import { Drill } from '../../bench/kills/drill.ts';
import { connectEngine, engineSocket } from '../../harness/lab/engine/connect.ts';
import { expectNoReaperWaits, expectNothingLeft } from './nothing-left.ts';
import { Way } from './way.ts';

/** An engine that stalls one kind of call, and answers pings. */
let docker: Docker;
beforeAll(async () => {
  const engine = await connectEngine();
  if (engine === null) throw new Error('no engine');
  docker = engine;
});
afterAll(() => expectNoReaperWaits(docker));

const startBehind = (way: Way): Promise<Drill> =>
  Drill.start(['--seed', '4'], {
    DOCKER_HOST: `unix://${way.path}`,
    TESTCONTAINERS_DOCKER_SOCKET_OVERRIDE: engineSocket(),
  });

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
  await expectNothingLeft(docker, one, journal?.runId ?? null, { expect }, way.created);
});

test.concurrent.for([
  ['a program', /^POST \/containers\/[^/]+\/attach/],
  ['its reaper, which was made by then and is removed', /^POST \/containers\/[^/]+\/start/],
] as const)('Ctrl-C ends a start that waits for %s', async ([, call], { expect }) => {
  await using way = await Way.open();
  way.stallAt(call);
  await using one = await startBehind(way);
  await one.said(/, folder /);
  while (way.stalled.length === 0 && one.running) await delay(50);
  const [before, journal] = [performance.now(), await one.journal()];
  one.child.kill('SIGINT');
  expect((await one.ended).code, one.stderr).toBe(130);
  expect(performance.now() - before).toBeLessThan(25_000);
  await expectNothingLeft(docker, one, journal?.runId ?? null, { expect }, way.created);
});
