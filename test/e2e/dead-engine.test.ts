import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type Docker from 'dockerode';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Drill } from '../../bench/kills/drill.ts';
import { belongingsOf, remainsOf } from '../../bench/kills/remains.ts';
import { connectEngine, engineSocket } from '../../harness/lab/engine/connect.ts';
import { expectNoReaperWaits } from './nothing-left.ts';
import { Way } from './way.ts';

/** From the engine's death to the end of the process. */
const ENDS_WITHIN_MS = 90_000;

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
    // The reaper is told of the real engine: it has to do its work when the run's own way is gone.
    TESTCONTAINERS_DOCKER_SOCKET_OVERRIDE: engineSocket(),
  });

interface Dead {
  /** Of the faults that are still in force. */
  readonly ids: readonly string[];
  readonly remains: () => Promise<string[]>;
}

/** A run whose engine dies while many faults are in force, seen to its end. */
async function endedByItself(one: Drill, kill: () => void | Promise<void>): Promise<Dead> {
  const { runId } = await one.inForce('pause-1');
  const all = await belongingsOf(docker, runId, `XDG_STATE_HOME=${one.state}`);
  expect(all.containers.length).toBeGreaterThan(15);
  const before = performance.now();
  await kill();
  const { code, signal } = await one.ended;
  const took = performance.now() - before;
  const journal = await one.journal();
  const ids = journal?.inForce.map(({ id }) => id) ?? [];
  console.error(
    `ended ${(took / 1000).toFixed(1)} s after the engine, ${ids.length} faults still in force:\n${one.stderr}`,
  );
  expect([code, signal]).toEqual([3, null]);
  expect(took).toBeLessThan(ENDS_WITHIN_MS);
  // Frozen containers, CPU limits, routes and dropped packets cannot be put back without an engine …
  for (const kind of ['misroute', 'capacity', 'cpu', 'pause']) expect(ids).toContain(`${kind}-1`);
  // … and the message names each, and says what to do.
  const message = one.stderr.slice(one.stderr.indexOf(`what run ${runId} started could not be removed`));
  for (const fault of journal?.inForce ?? []) expect(message).toContain(`${fault.id}: ${fault.description}`);
  expect(message).toContain('zonestorm clean');
  expect(message).toContain(journal?.path);
  return { ids, remains: () => remainsOf(docker, all) };
}

/** The next start on this machine, with an engine again; it is not gone on with. */
async function nextStart(one: Drill, ids: readonly string[]): Promise<void> {
  const journal = await one.journal();
  await using next = await Drill.start(['--seed', '4'], {}, one);
  await next.said(/folder .*\n(.*\n)*.*(put back|networks)/);
  next.child.kill('SIGINT');
  expect((await next.ended).code).toBe(130);
  expect(next.stderr).toContain(`put back what run ${journal?.runId} had left: ${ids.join(', ')}\n`);
  expect(await next.journal()).toBe(null);
}

// Side by side, as nothing is measured here and each mostly waits until it gives up. What polls has to know its test.
test.concurrent('a wedged engine ends the run with exit 3; the next start puts back what it names, at once', async ({
  expect,
}) => {
  await using way = await Way.open();
  await using one = await startBehind(way);
  const { ids, remains } = await endedByItself(one, () => way.hang());
  const left = await remains();
  expect(left.length).toBeGreaterThan(20);
  // The next start is to do it alone: the reaper would remove the same things beside it, seconds later.
  const [, reaper = ''] = /container \/(testcontainers-ryuk-\w+)/.exec(left.join('\n')) ?? [];
  await docker.getContainer(reaper).remove({ force: true });
  await nextStart(one, ids);
  expect(
    await remains().then((left) => left.filter((one) => !/ryuk|process|control group|interface/.test(one))),
  ).toEqual([]);
  await expect.poll(remains, { timeout: 30_000, interval: 1_000 }).toEqual([]);
});

test.concurrent('an engine that died ends the run with exit 3; its reaper does its work, and the next start tells', async ({
  expect,
}) => {
  await using way = await Way.open();
  await using one = await startBehind(way);
  const { ids, remains } = await endedByItself(one, () => way.die());
  await expect.poll(remains, { timeout: 30_000, interval: 1_000 }).toEqual([]);
  // Nothing is left, but only now is that known to whoever reads the journal.
  expect((await one.journal())?.inForce.map(({ id }) => id)).toEqual(ids);
  await nextStart(one, ids);
});

test.concurrent('an engine that hangs while the run is being prepared ends it with exit 3', async () => {
  await using way = await Way.open();
  way.hangAt('/images/');
  await using one = await Drill.start(['--seed', '4'], { DOCKER_HOST: `unix://${way.path}` });
  const before = performance.now();
  expect(await one.ended).toEqual({ code: 3, signal: null });
  expect(performance.now() - before).toBeLessThan(ENDS_WITHIN_MS);
  expect(one.stderr).toContain('the Docker engine stopped answering');
  expect(await one.journal()).toBe(null);
  // A CI job shows this file and nothing else.
  const junit = await readFile(join(one.folder, 'junit.xml'), 'utf8');
  expect(junit).toContain('<error message="the run broke: the Docker engine stopped answering');
});
