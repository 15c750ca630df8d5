import { setTimeout as delay } from 'node:timers/promises';
import type Docker from 'dockerode';
import { afterAll, beforeAll, test } from 'vitest';
import { Drill } from '../../bench/kills/drill.ts';
import { clean } from '../../harness/lab/clean.ts';
import { connectEngine, engineSocket } from '../../harness/lab/engine/connect.ts';
import { LABELS } from '../../harness/lab/labels.ts';
import { RefusingEngine } from '../container/refusing-engine.ts';
import { expectNoReaperWaits, expectNothingLeft } from './nothing-left.ts';
import { Way } from './way.ts';

/** An engine that stalls one kind of call, or fails at it, and answers pings. */
let docker: Docker;
beforeAll(async () => {
  const engine = await connectEngine();
  if (engine === null) throw new Error('no engine');
  docker = engine;
});
afterAll(() => expectNoReaperWaits(docker));

const startBehind = (way: Pick<Way, 'path'>): Promise<Drill> =>
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

test.concurrent('one stopped container that it cannot remove: the run that has ended keeps its end, and says what is left', async ({
  expect,
  onTestFinished,
}) => {
  await using engine = await RefusingEngine.open();
  await using one = await startBehind(engine);
  await one.said(/1 × control-plane/);
  const runId = (await one.journal())?.runId ?? '';
  // Its reaper has gone with the run.
  onTestFinished(async () => void (await clean(docker, runId)));
  const label = [`${LABELS.run}=${runId}`, `${LABELS.role}=control-plane`];
  const [stuck] = await docker.listContainers({ filters: { label } });
  const [name = '', id = ''] = [stuck?.Names[0]?.slice(1), stuck?.Id];
  expect(id).not.toBe('');
  engine.refuse(new RegExp(`^DELETE \\S*/containers/${id}\\b`), 'unlinkat x: device or resource busy');
  const { code } = await one.ended;
  // Its expectation does not hold; 2 where the machine was too busy for a verdict.
  expect([1, 2], one.stderr).toContain(code);
  const ends = (await one.history()).filter(({ kind }) => kind === 'run.end');
  expect(ends).toMatchObject([{ outcome: 'completed', reason: null }]);
  expect(one.stderr).toMatch(new RegExp(`does not let go of ${name} \\(container: .*device or resource busy\\)`));
  expect(await one.journal()).toBe(null);
  // It holds its disk.
  expect(one.stderr).toContain(`${name}-0 (volume: held by the container ${name})`);
  expect(await clean(docker, runId)).toMatchObject({ containers: 1, networks: 0, volumes: 1, left: [] });
  await expectNothingLeft(docker, one, runId, { expect });
});
