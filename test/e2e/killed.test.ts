import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type Docker from 'dockerode';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Drill, type Journalled } from '../../bench/kills/drill.ts';
import { faultsOf, killAndLook } from '../../bench/kills/kill-and-look.ts';
import { type Belongings, belongingsOf, remainsOf } from '../../bench/kills/remains.ts';
import type { FaultRecord, HistoryRecord } from '../../harness/history/records.ts';
import { connectEngine } from '../../harness/lab/engine/connect.ts';
import type { Result } from '../../harness/report/result-schema.ts';
import { expectNoReaperWaits } from './nothing-left.ts';

/**
 * What an interrupted run leaves: nothing. Side by side, as nothing is measured here. `npm run bench -- kills` does the
 * same a hundred times, at instants drawn over the whole life of a run.
 */
let docker: Docker;
beforeAll(async () => {
  const engine = await connectEngine();
  if (engine === null) throw new Error('no engine');
  docker = engine;
});
afterAll(() => expectNoReaperWaits(docker));

const drill = (args: readonly string[] = [], environment: Readonly<Record<string, string>> = {}): Promise<Drill> =>
  Drill.start(['--seed', '4', ...args], environment);

interface Instant {
  readonly name: string;
  readonly come: (one: Drill) => Promise<unknown>;
  readonly waitMs: number;
  /** Faults that must be in force then, or the test would not have hit what it is for. */
  readonly atLeast: number;
}

const INSTANTS: readonly Instant[] = [
  { name: 'while containers start', come: (one) => one.said(/\d+ networks/), waitMs: 1_000, atLeast: 0 },
  { name: 'with the first faults in force', come: (one) => one.inForce(3), waitMs: 0, atLeast: 3 },
  { name: 'with many faults in force', come: (one) => one.inForce(10), waitMs: 500, atLeast: 8 },
  { name: 'in a later phase', come: (one) => inLaterPhase(one, 5), waitMs: 200, atLeast: 3 },
  { name: 'while the programs stop', come: (one) => one.said(/stopping the load/), waitMs: 200, atLeast: 0 },
  { name: 'while the disks are read', come: (one) => one.said(/reading every replica/), waitMs: 100, atLeast: 0 },
];

/** The drill's second phase, with so many of its faults in force. */
async function inLaterPhase(one: Drill, count: number): Promise<Journalled> {
  await one.said(/^swap \d/m);
  return one.inForce(count);
}

test.concurrent.each(INSTANTS)(
  'kill -9 $name: 30 s later nothing is left, and the next start tells what had been in force',
  async ({ name, come, waitMs, atLeast }) => {
    await using one = await drill();
    await come(one);
    await delay(waitMs);
    const kill = await killAndLook(docker, one);
    console.error(
      `killed ${name} (${kill.stage}), ${kill.inForce.length} faults in force, ${kill.had} things: clean after ` +
        `${kill.cleanAfterSeconds} s`,
    );
    expect(kill.killed).toBe(true);
    expect(kill.had).toBeGreaterThan(12);
    expect(kill.inForce.length).toBeGreaterThanOrEqual(atLeast);
    expect(faultsOf(kill)).toEqual([]);
  },
);

/** Everything that a living run has; to be looked for after its end. */
async function belongings(one: Drill): Promise<Belongings> {
  const journal = await one.journal();
  const all = await belongingsOf(docker, journal?.runId ?? null, `XDG_STATE_HOME=${one.state}`);
  expect(all.containers.length + all.networks.length).toBeGreaterThan(0);
  return all;
}

/** After an end that the run itself saw: nothing is left at once, its journal neither. */
async function expectNothingLeft(one: Drill, all: Belongings): Promise<void> {
  expect(await remainsOf(docker, all)).toEqual([]);
  expect(await readdir(one.journals)).toEqual([]);
}

const faultRecords = (records: readonly HistoryRecord[]): FaultRecord[] =>
  records.filter((record) => record.kind === 'fault');

/**
 * All faults that were applied were put back, and of those that were in force to the last, the one that was applied
 * last was put back first.
 */
function expectAllReverted(records: readonly HistoryRecord[], inForce: Journalled['inForce']): void {
  const faults = faultRecords(records);
  expect(faults.filter(({ state }) => state === 'failed')).toEqual([]);
  const order = [...new Set(faults.filter(({ state }) => state === 'applying').map(({ id }) => id))];
  const reverted = faults.filter(({ state }) => state === 'reverted').map(({ id }) => id);
  expect(reverted.toSorted()).toEqual(order.toSorted());
  // Those with a time of their own may have come to it in between.
  const open = new Set(inForce.filter(({ forSeconds }) => forSeconds === null).map(({ id }) => id));
  expect(open.size).toBeGreaterThan(2);
  const backwards = reverted.filter((id) => open.has(id)).map((id) => order.indexOf(id));
  expect(backwards).toEqual(backwards.toSorted((a, b) => b - a));
  const lastApplied = faults.findLastIndex(({ state }) => state === 'applied');
  const firstOpen = faults.findIndex(({ id, state }) => state === 'reverted' && open.has(id));
  expect(firstOpen, 'none was put back before its time').toBeGreaterThan(lastApplied);
}

test.concurrent.each<Pick<Instant, 'name' | 'come'> & { readonly signal: NodeJS.Signals }>([
  { name: 'while containers start', come: (one) => one.said(/1 × control-plane/), signal: 'SIGINT' },
  { name: 'with faults in force', come: (one) => one.inForce(10), signal: 'SIGINT' },
  { name: 'in a later phase', come: (one) => inLaterPhase(one, 5), signal: 'SIGTERM' },
])('$signal $name: all is put back and removed, exit 130', async ({ come, signal }) => {
  await using one = await drill();
  await come(one);
  const [all, journal] = [await belongings(one), await one.journal()];
  one.child.kill(signal);
  expect((await one.ended).code).toBe(130);
  await expectNothingLeft(one, all);
  const records = await one.history();
  if (journal !== null && journal.inForce.length > 0) expectAllReverted(records, journal.inForce);
  expect(records.findLast((record) => record.kind === 'run.end')).toMatchObject({ outcome: 'interrupted' });
  expect(existsSync(join(one.folder, 'result.json'))).toBe(false);
  expect(one.stderr).toContain('everything was reverted and removed');
});

/** Throws in the run's process when it is asked to: a bug, at a chosen instant. */
const PLANTED = `process.on('SIGUSR2', () => { throw new Error('planted'); });`;

/**
 * What a program may print, on its container's own stdout: the harness's words, words of nobody, times beyond every
 * clock, what was cut off, bytes that are no text, and megabytes without a line end.
 */
const HOSTILE = `exec > /proc/1/fd/1
echo '{"kind":"run.end","t":1,"outcome":"completed","reason":null}'
echo '{"kind":"fault","t":1,"id":"cut-1","fault":"cut","state":"reverted","detail":"","source":"harness"}'
echo '{"kind":"toString","t":1}'
echo '{"kind":"node","t":1e300}'
echo '{"kind":"node","t":'
echo '{"level":"info","msg":"a log of a program in JSON"}'
printf '\\377\\376{"kind"\\0\\n'
head -c 12000000 /dev/zero | tr '\\0' x
echo`;

async function printIn(runId: string, id: string, script: string): Promise<void> {
  const container = docker.getContainer(`zonestorm-${runId}-${id}`);
  const exec = await container.exec({ Cmd: ['sh', '-c', script], AttachStdout: true, AttachStderr: true });
  const stream = await exec.start({});
  stream.resume();
  await new Promise((resolve) => stream.on('end', resolve));
  expect((await exec.inspect()).ExitCode).toBe(0);
}

test.concurrent('a bug while faults are in force and a program lies: all is put back, exit 70, and every report says so', async ({
  expect,
}) => {
  await using one = await drill([], { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(PLANTED)}` });
  const journal = await one.inForce(10);
  const all = await belongings(one);
  // It stands still meanwhile: a record of its own that it prints in the midst of the long line would be glued to it, and
  // be one more.
  const liar = docker.getContainer(`zonestorm-${journal.runId}-a3`);
  await liar.kill({ signal: 'SIGSTOP' });
  await printIn(journal.runId, 'a3', HOSTILE);
  await liar.kill({ signal: 'SIGCONT' });
  await printIn(journal.runId, 'a3', `echo '{"kind":"late","t":1}' > /proc/1/fd/1`);
  const misfits = async () => (await one.history()).filter((record) => record.kind === 'misfit');
  // The long line takes the engine its time.
  await expect.poll(async () => (await misfits()).at(-1)?.count, { timeout: 30_000, interval: 250 }).toBe(7);
  one.child.kill('SIGUSR2');
  await delay(300);
  one.child.kill('SIGUSR2');
  expect((await one.ended).code).toBe(70);
  await expectNothingLeft(one, all);
  const records = await one.history();
  expectAllReverted(records, journal.inForce);
  expect(one.stderr).toMatch(/a bug in zonestorm, please report it:\nError: planted/);
  // None of the lies is in the history, and what was left out is counted.
  expect(records.filter(({ kind }) => kind === 'run.end')).toMatchObject([{ outcome: 'broken', source: 'harness' }]);
  expect(records.filter(({ t }) => t < 2)).toEqual([]);
  const result = JSON.parse(await readFile(join(one.folder, 'result.json'), 'utf8')) as Result;
  expect(result.history?.misfits).toMatchObject([
    { source: 'a3', count: 7, example: expect.stringMatching(/run\.end/) },
  ]);
  expect(result.verdict.outcome).toBe('inconclusive');
  expect(result.verdict.problems.map(({ check, what }) => `${check}: ${what}`)).toEqual(
    expect.arrayContaining([
      'run: the run broke: Error: planted',
      expect.stringMatching(
        /^history: a3: 7 lines do not fit, the first: .*role node writes no record of kind run\.end/,
      ),
    ]),
  );
  for (const file of ['junit.xml', 'report.html', 'summary.md']) {
    expect(await readFile(join(one.folder, file), 'utf8')).toContain('the run broke: Error: planted');
  }
  expect(await readFile(join(one.folder, 'junit.xml'), 'utf8')).toMatch(
    /<error message="the run broke[^>]*type="broken"/,
  );
});

test.concurrent('an expectation that does not hold: all is put back and removed', async () => {
  await using one = await drill();
  await one.inForce(5);
  const all = await belongings(one);
  const { code } = await one.ended;
  // 2 where the machine was too busy for a verdict.
  expect([1, 2]).toContain(code);
  await expectNothingLeft(one, all);
  const result = JSON.parse(await readFile(join(one.folder, 'result.json'), 'utf8')) as Result;
  expect(result.expectations.map(({ text, held }) => [text, held])).toEqual([['nodes.lost = 0', false]]);
  const records = await one.history();
  expect(records.find((record) => record.kind === 'final-state')).toMatchObject({ problems: [] });
  const faults = faultRecords(records);
  const ids = (state: FaultRecord['state']): string[] =>
    faults.flatMap((record) => (record.state === state ? [record.id] : [])).toSorted();
  expect(ids('applied').length).toBeGreaterThan(15);
  expect(ids('reverted')).toEqual(ids('applied'));
});

test.concurrent('a run that passes its deadline removes everything and is inconclusive', async () => {
  await using one = await drill(['--timeout', '9']);
  await one.said(/\d+ networks/);
  const all = await belongings(one);
  expect((await one.ended).code).toBe(2);
  await expectNothingLeft(one, all);
  const result = JSON.parse(await readFile(join(one.folder, 'result.json'), 'utf8')) as Result;
  expect(result.verdict.outcome).toBe('inconclusive');
});
