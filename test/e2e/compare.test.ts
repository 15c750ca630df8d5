import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type Docker from 'dockerode';
import { afterEach, describe, expect, test } from 'vitest';
import { type Belongings, belongingsOf, remainsOf } from '../../bench/kills/remains.ts';
import type { Comparison } from '../../harness/campaign/comparison.ts';
import type { RunStart } from '../../harness/history/records.ts';
import { connectEngine } from '../../harness/lab/engine/connect.ts';
import type { Result } from '../../harness/report/result-schema.ts';
import { type Started, zonestorm } from './cli.ts';

const SCENARIO = join(import.meta.dirname, 'scenarios/small-storm.yaml');
const ARMS = ['--arm', '2011', '--arm', 'careful:storage.searchParallel=1'];

const compareInto = (out: string, ...more: readonly string[]): Started =>
  zonestorm(['compare', SCENARIO, ...ARMS, '--seeds', '2', '--out', out, ...more], { XDG_STATE_HOME: STATE });
/** Of this file's runs alone, so that no other next start puts back what they had in force. */
const STATE = await mkdtemp(join(tmpdir(), 'zonestorm-compare-state-'));
const newFolder = () => mkdtemp(join(tmpdir(), 'zonestorm-compare-'));
const readJson = async <T>(...path: readonly string[]): Promise<T> =>
  JSON.parse(await readFile(join(...path), 'utf8')) as T;

/** Of the runs that a campaign has made so far, the one under way included; other files' runs may go on beside it. */
async function belongingsIn(out: string): Promise<readonly Belongings[]> {
  const docker = await engine();
  const files = (await readdir(out, { recursive: true })).filter((path) => basename(path) === 'history.jsonl');
  return Promise.all(
    files.map(async (path) => {
      const [first = ''] = (await readFile(join(out, path), 'utf8')).split('\n', 1);
      const { runId } = JSON.parse(first) as RunStart;
      return belongingsOf(docker, runId, `XDG_STATE_HOME=${STATE}`);
    }),
  );
}

/** Of each run while it went on, as its reaper's session is known only then. */
async function belongingsDuring(campaign: Started, out: string): Promise<readonly Belongings[]> {
  const seen = new Map<string | null, Belongings>();
  const look = async (): Promise<void> => {
    // A run that has just begun has no first record.
    const now = await belongingsIn(out).catch(() => []);
    for (const one of now) if (one.session !== null) seen.set(one.runId, one);
  };
  while (campaign.child.exitCode === null) {
    await look();
    await delay(2_000);
  }
  return [...seen.values()];
}

/** A run's reaper that could not be removed with its run goes by itself, seconds after that. */
async function expectNothingLeft(all: readonly Belongings[]): Promise<void> {
  const docker = await engine();
  const remains = async () => (await Promise.all(all.map((one) => remainsOf(docker, one)))).flat();
  await expect.poll(remains, { timeout: 40_000, interval: 1_000 }).toEqual([]);
}

async function engine(): Promise<Docker> {
  const docker = await connectEngine();
  if (docker === null) throw new Error('no engine');
  return docker;
}

let last: Started | null = null;
afterEach(() => {
  // Of a test that failed half-way: the run puts everything back when it misses its campaign.
  last?.child.kill('SIGKILL');
});

test('two arms with two seeds, interrupted and killed on the way, end as if nobody had', async () => {
  const out = await newFolder();

  // Ctrl-C while the second run is under way.
  const first = compareInto(out);
  last = first;
  await first.said(/careful, seed 1: run 2 of 4 to do[\s\S]*routers, \d+ links/);
  const underWay = await belongingsIn(out);
  expect(underWay.flatMap(({ containers }) => containers).length).toBeGreaterThan(5);
  first.child.kill('SIGINT');
  const interrupted = await first.finished;
  expect(interrupted.code, interrupted.stderr).toBe(130);
  expect(interrupted.stdout).toBe('');
  expect(interrupted.stderr).toContain('the same command goes on');
  await expectNothingLeft(underWay);
  expect(existsSync(join(out, 'campaign.lock'))).toBe(false);
  const made = join(out, '2011/seed-1/history.jsonl');
  const { mtimeMs } = await stat(made);
  const partly = await readJson<Comparison>(out, 'compare.json');
  expect(partly.runs.map(({ state }) => state === 'missing')).toEqual([false, true, true, true]);

  // Other arguments would mix two questions.
  const other = await compareInto(out, '--set', 'load.writeShare=1').finished;
  expect(other.code).toBe(64);
  expect(other.stderr).toMatch(/begun with other arguments:\n {2}--set: none then, load\.writeShare=1 now/);

  // Killed, so that it can tell its run nothing.
  const second = compareInto(out);
  last = second;
  await second.said(/careful, seed 1: run 1 of 3 to do[\s\S]*routers, \d+ links/);
  const killed = await belongingsIn(out);
  expect(killed.flatMap(({ containers }) => containers).length).toBeGreaterThan(5);
  second.child.kill('SIGKILL');
  // Its run still puts things back, and would be a second lab beside that of the next start.
  const early = await compareInto(out).finished;
  expect(early.code, early.stderr).toBe(64);
  expect(early.stderr).toMatch(/this campaign is going on \(process \d+\)/);
  await expectNothingLeft(killed);
  await expect.poll(() => readEnd(join(out, 'careful/seed-1')), { timeout: 10_000 }).toBe('interrupted');

  const whole = compareInto(out, '--json');
  last = whole;
  const during = await belongingsDuring(whole, out);
  const third = await whole.finished;
  const comparison = JSON.parse(third.stdout) as Comparison;
  console.error(
    third.stderr.slice(-500),
    comparison.recovered,
    comparison.runs.flatMap(({ reasons }) => reasons),
  );
  // 2 where the machine was too busy for a verdict.
  expect([0, 2], third.stderr).toContain(third.code);
  const all = await belongingsIn(out);
  expect(all.length).toBe(6);
  expect(during.length).toBe(3);
  await expectNothingLeft([...all, ...during]);
  expect((await stat(made)).mtimeMs, 'the first run was not made again').toBe(mtimeMs);
  expect(await readdir(join(out, 'set-aside'))).toEqual(['careful-seed-1-1', 'careful-seed-1-2']);
  expect(comparison.runs.map(({ arm, seed }) => `${arm} ${seed}`)).toEqual([
    '2011 1',
    'careful 1',
    'careful 2',
    '2011 2',
  ]);
  expect(comparison.control).toBe('2011');
  for (const { name, runs } of comparison.arms) {
    expect(runs, name).toMatchObject({ asked: 2, broken: 0, missing: 0 });
    expect(runs.conclusive + runs.inconclusive).toBe(2);
  }
  expect(await startedInOrder(out)).toEqual(['2011 1', 'careful 1', 'careful 2', '2011 2']);
  await expectPaired(out);

  // All is there: nothing is started, and the same is said.
  const again = await compareInto(out, '--json').finished;
  expect(again.stderr).not.toContain('to do');
  expect(again.stdout).toBe(third.stdout);
  expect(again.code).toBe(third.code);
  const words = await readFile(join(out, 'compare.md'), 'utf8');
  expect(words).toMatch(/^# Comparison of 2 arms of small-storm\n/);

  // Its runs are runs as any other.
  const folders = ['2011', 'careful'].map((arm) => join(out, arm, 'seed-1'));
  const runs = await zonestorm(['compare', ...folders, '--metric', 'D', '--json']).finished;
  expect((JSON.parse(runs.stdout) as Comparison).arms).toHaveLength(2);
});

/** How the run in a folder says that it ended. */
async function readEnd(folder: string): Promise<string | null> {
  const text = await readFile(join(folder, 'history.jsonl'), 'utf8');
  return /"kind":"run\.end".*"outcome":"(\w+)"/.exec(text)?.[1] ?? null;
}

async function startedInOrder(out: string): Promise<readonly string[]> {
  const runs = await Promise.all(
    ['2011', 'careful'].flatMap((arm) =>
      [1, 2].map(async (seed) => {
        const { run } = await readJson<Result>(out, arm, `seed-${seed}`, 'result.json');
        return { name: `${arm} ${seed}`, at: run.startedAt ?? '' };
      }),
    ),
  );
  return runs.toSorted((a, b) => (a.at < b.at ? -1 : 1)).map(({ name }) => name);
}

/** One seed is one placement, whatever the arm; and the arms differ by what was asked for. */
async function expectPaired(out: string): Promise<void> {
  for (const seed of [1, 2]) {
    const [one, other] = await Promise.all(
      ['2011', 'careful'].map((arm) =>
        readJson<{ volumes: unknown; storage: { searchParallel: number } }>(out, arm, `seed-${seed}`, 'plan.json'),
      ),
    );
    expect(other?.volumes).toEqual(one?.volumes);
    expect([one?.storage.searchParallel, other?.storage.searchParallel]).toEqual([2, 1]);
  }
}

describe('bad usage is told before anything starts', () => {
  test.each([
    [['compare', SCENARIO], /at least one --arm/],
    [['compare', SCENARIO, '--arm', 'x:storage.searchParalel=1'], /storage\.searchParallel/],
    [['compare', SCENARIO, '--arm', 'x:a'], /expected key=value/],
    [['compare', SCENARIO, '--arm', 'x:storage.searchParallel=1', '--metric', 'storm.second'], /storm\.seconds/],
    [['compare', '/nowhere', '/nowhere-else'], /nowhere\/plan\.json/],
    [['compare', '/nowhere', '/nowhere-else', '--seeds', '3'], /leave out --seeds/],
    [['sweep', SCENARIO], /--over/],
    [['sweep', SCENARIO, '--over', 'storage.searchParallel=1,x'], /found .*x/],
    [['boundary', SCENARIO, '--over', 'storage.searchParallel=4..1'], /lower end first/],
    [['boundary', 'plan.json', '--over', 'storage.searchParallel=1..4'], /name its scenario/],
  ] as const)('%j', async (args, message) => {
    const out = join(await newFolder(), 'campaign');
    const { code, stderr, stdout } = await zonestorm([...args, '--out', out]).finished;
    expect(stderr).toMatch(message);
    expect(code).toBe(64);
    expect(stdout).toBe('');
    expect(existsSync(out)).toBe(false);
  });
});
