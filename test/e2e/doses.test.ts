import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type Docker from 'dockerode';
import { beforeAll, expect, test } from 'vitest';
import type { HistoryRecord } from '../../harness/history/records.ts';
import { runInside } from '../../harness/lab/containers/run-inside.ts';
import { connectEngine } from '../../harness/lab/engine/connect.ts';
import { LABELS } from '../../harness/lab/labels.ts';
import type { Result } from '../../harness/report/result-schema.ts';
import { newFolder, zonestorm } from './cli.ts';
import { leftovers } from './leftovers.ts';

/**
 * One run, in which the test itself kills a witness while its fault is in force, and stops a Toxiproxy before a fault on
 * it is to begin.
 */
const SCENARIO = 'test/e2e/scenarios/doses.yaml';

let docker: Docker;
let code: number | null;
let result: Result;
beforeAll(async () => {
  const engine = await connectEngine();
  if (engine === null) throw new Error('no engine');
  docker = engine;
  const folder = await newFolder();
  const run = zonestorm(['run', SCENARIO, '--out', folder, '--json', '--seed', '1']);
  await run.said(/^blind \d/m);
  await killProgram(await containerOf(folder, 'a1'), 'gauge/witness.ts');
  await run.said(/^held \d/m);
  await docker.getContainer(await containerOf(folder, 'b-primary')).kill({ signal: 'SIGSTOP' });
  const finished = await run.finished;
  code = finished.code;
  result = JSON.parse(finished.stdout) as Result;
  for (const { fault, what, asked, measured } of result.dose.measurements) console.error(fault, what, asked, measured);
  for (const { check, what } of result.verdict.problems) console.error(`! ${check}: ${what}`);
});

/** The engine's id of a container of a run that goes on. */
async function containerOf(folder: string, id: string): Promise<string> {
  const [line = ''] = (await readFile(join(folder, 'history.jsonl'), 'utf8')).split('\n');
  const { runId } = JSON.parse(line) as Extract<HistoryRecord, { kind: 'run.start' }>;
  const label = [`${LABELS.run}=${runId}`, `${LABELS.id}=${id}`];
  const [found] = await docker.listContainers({ filters: { label } });
  if (found === undefined) throw new Error(`no container ${id} of run ${runId}`);
  return found.Id;
}

/** SIGKILL to the programs inside whose command line has this; the pattern does not match the line that looks for it. */
async function killProgram(container: string, program: string): Promise<void> {
  const pattern = program.replace('.', '[.]');
  const killed = await runInside(docker, container, [
    'sh',
    '-c',
    `for p in /proc/[0-9]*; do tr '\\0' ' ' < $p/cmdline | grep -q '${pattern}' && kill -9 \${p#/proc/} && echo $p; done; true`,
  ]);
  expect(killed.trim().split('\n')).toHaveLength(1);
}

test('a witness that dies while its fault is in force makes the run inconclusive, and is named', () => {
  expect(code).toBe(2);
  const seen = result.fabric.experiences.find(({ fault }) => fault === 'cut-2');
  expect(seen).toMatchObject({ link: 'a1->a2@primary', holds: null });
  expect(result.verdict.problems).toContainEqual({
    check: 'fabric',
    what: expect.stringMatching(/^cut-2 on a1->a2@primary was not witnessed: the witness of .* in a1 said nothing for/),
  });
});

test('a cut of a link from outside is seen by a witness on the host', () => {
  expect(result.fabric.experiences).toContainEqual(
    expect.objectContaining({
      ...{ fault: 'cut-1', link: 'host->a-app@primary', holds: true },
      ...{ seenOpen: 'closed', seenFresh: 'refused' },
    }),
  );
});

const dose = (fault: string, what: string) =>
  result.dose.measurements.find((one) => one.fault === fault && one.what === what);

test('a freeze counts from what was read back as frozen, a restart from the engine’s own times', () => {
  for (const [fault, begin, length] of [
    ['pause-1', 0.5, 1.5],
    ['restart-1', 0.6, 1],
  ] as const) {
    expect(dose(fault, 'begin')).toMatchObject({ asked: begin, unit: 's' });
    expect(dose(fault, 'length')).toMatchObject({ asked: length, unit: 's' });
  }
});

test('a fault that another one held back is inconclusive, and says for whom it waited; one elsewhere is in time', () => {
  const { problems } = result.verdict;
  const late = (fault: string, words: RegExp) =>
    expect(problems).toContainEqual({
      check: 'dose',
      what: expect.stringMatching(new RegExp(`^${fault} began at .*${words.source}`)),
    });
  late('cut-3', /it took \d.* s to apply it/);
  late('delay-1', /it waited \d.* s for cut-3/);
  expect(dose('cut-4', 'begin')?.measured).toBeLessThan(2.25);
  expect(problems).toContainEqual({
    check: 'fabric',
    what: expect.stringMatching(/^the Toxiproxy of b-primary was repl/),
  });
});

test('of two capacities of one router the wider one is not held against what the other let through', () => {
  expect(result.fabric.capacities).toMatchObject([
    { fault: 'capacity-1', askedMbit: 1, reached: true },
    { fault: 'capacity-2', askedMbit: 2, measuredMbit: null, reason: expect.stringContaining('less at the same time') },
  ]);
  expect(
    result.verdict.problems.filter(({ check, what }) => check === 'fabric' && what.startsWith('capacity')),
  ).toEqual([]);
});

test('nothing is left', async () => {
  await expect.poll(leftovers, { timeout: 30_000, interval: 1_000 }).toEqual([]);
});
