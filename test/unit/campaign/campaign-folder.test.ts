import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Asked } from '../../../harness/campaign/asked.ts';
import { BadCampaignError } from '../../../harness/campaign/bad-campaign-error.ts';
import { CampaignFolder } from '../../../harness/campaign/campaign-folder.ts';
import {
  type CarryOutOptions,
  carryOut,
  type PlannedTurn,
  type RunEnding,
} from '../../../harness/campaign/carry-out.ts';
import { digestOf, isSameRun } from '../../../harness/campaign/essence.ts';
import { compareRuns } from '../../../harness/campaign/finished-runs.ts';
import { CampaignLock } from '../../../harness/campaign/lock.ts';
import type { Observation } from '../../../harness/campaign/observation.ts';
import { parseMetricExpression } from '../../../harness/check/metric-expression.ts';
import type { Plan } from '../../../harness/scenario/plan.ts';
import { relocate } from '../../../harness/scenario/relocate.ts';
import { realisticRun } from '../measure/realistic-run.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'zonestorm-campaign-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const { plan, records } = realisticRun();
const HISTORY = records.map((record) => `${JSON.stringify(record)}\n`).join('');
const turn = (arm: string, seed: number): PlannedTurn => ({ arm, seed, plan: { ...plan, seed } });

const ASKED: Asked = {
  schemaVersion: 1,
  command: 'compare',
  scenario: 'small',
  preset: 'fast',
  seeds: [1, 2],
  set: {},
  arms: [{ name: 'x', settings: {} }],
  tolerance: null,
  outlives: null,
  shaping: null,
  plans: 'abc',
};

/** What a run leaves, its plan moved to the addresses that it claimed. */
async function leave(folder: string, planned: Plan, result = '{"verdict":{}}'): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'plan.json'), JSON.stringify(relocate(planned, '198.18.8.0/22')));
  await writeFile(join(folder, 'history.jsonl'), HISTORY);
  await writeFile(join(folder, 'result.json'), result);
}

describe('the same run', () => {
  test('at other addresses, from another folder, with better comments', () => {
    const other: Plan = {
      ...relocate(plan, '198.18.64.0/22'),
      scenario: { ...plan.scenario, file: '/elsewhere/small.yaml', title: 'Another title' },
      topology: { file: '/elsewhere/topology.yaml' },
      expectations: plan.expectations.map((one) => ({ ...one, line: one.line + 7 })),
    };
    expect(isSameRun(plan, other)).toBe(true);
    expect(digestOf([other])).toBe(digestOf([plan]));
  });

  test('a setting that came later, at the value it has where nothing gives it one, makes no other run', () => {
    const withRow = (value: number): Plan => ({
      ...plan,
      load: { ...plan.load, flushShare: value },
      parameters: [
        ...plan.parameters,
        { name: 'load.flushShare', value, unit: '', origin: 'chosen', why: 'It came later.' },
      ],
    });
    const { flushShare: _, ...load } = plan.load;
    // As a plan was written before there was the setting.
    const older = { ...plan, load } as Plan;
    expect(isSameRun(withRow(0), older)).toBe(true);
    expect(digestOf([withRow(0)])).toBe(digestOf([older]));
    expect(isSameRun(withRow(0.1), older)).toBe(false);
    expect(digestOf([withRow(0.1)])).not.toBe(digestOf([older]));
  });

  test.each([
    ['another seed', { ...plan, seed: 8 }],
    ['another parameter of the storage', { ...plan, storage: { ...plan.storage, slotsPerNode: 1 } }],
    ['another expectation', { ...plan, expectations: [] }],
    ['another fault', { ...plan, phases: plan.phases.slice(1) }],
  ])('not with %s', (_, other) => {
    expect(isSameRun(plan, other)).toBe(false);
    expect(digestOf([other])).not.toBe(digestOf([plan]));
  });
});

describe('a folder', () => {
  test('is begun where there is nothing, and gone on with when the same is asked for', async () => {
    const out = join(dir, 'a');
    await CampaignFolder.open(out, ASKED);
    expect(JSON.parse(await readFile(join(out, 'campaign.json'), 'utf8'))).toEqual(ASKED);
    await expect(CampaignFolder.open(out, { ...ASKED })).resolves.toBeInstanceOf(CampaignFolder);
    await expect(CampaignFolder.open(out, { ...ASKED, seeds: [1, 2, 3] })).rejects.toThrow(
      /begun with other arguments:\n {2}--seeds: 1 2 then, 1 2 3 now/,
    );
  });

  test('that holds something else is not touched', async () => {
    await writeFile(join(dir, 'note'), '');
    await expect(CampaignFolder.open(dir, ASKED)).rejects.toThrow('expected a new or empty folder');
    expect(await readdir(dir)).toEqual(['note']);
  });

  test('that cannot be one is bad usage', async () => {
    const file = join(dir, 'package.json');
    await writeFile(file, '');
    for (const out of [file, join(file, 'below')]) {
      await expect(CampaignFolder.open(out, ASKED)).rejects.toThrow(BadCampaignError);
    }
  });

  test('with a campaign.json that is none, or an arm that has the name of its own folders, is refused', async () => {
    await writeFile(join(dir, 'campaign.json'), '{ "schemaVersion": 9 }');
    await expect(CampaignFolder.open(dir, ASKED)).rejects.toThrow('not a campaign of this version');
    const arms = [{ name: 'plans', settings: {} }];
    await expect(CampaignFolder.open(join(dir, 'b'), { ...ASKED, arms })).rejects.toThrow('cannot be named plans');
  });

  test('a run is done only when its result is whole and its plan is the one that would be carried out', async () => {
    const folder = await CampaignFolder.open(join(dir, 'a'), ASKED);
    const one = turn('x', 1);
    const at = folder.runFolder(one);
    expect(await folder.state(one, one.plan)).toBe('absent');
    await mkdir(at, { recursive: true });
    expect(await folder.state(one, one.plan)).toBe('absent');
    await leave(at, one.plan);
    expect(await folder.state(one, one.plan)).toBe('done');
    const broken = '{"run":{"outcome":"broken"},"verdict":{}}';
    for (const torn of ['', '{"verdict":', '{}', '[]', 'null', broken]) {
      await leave(at, one.plan, torn);
      expect(await folder.state(one, one.plan), torn).toBe('half-done');
    }
    await leave(at, { ...one.plan, seed: 2 });
    expect(await folder.state(one, one.plan)).toBe('half-done');
    await leave(at, one.plan);
    await rm(join(at, 'plan.json'));
    expect(await folder.state(one, one.plan)).toBe('half-done');
  });

  test('what is set aside stays, beside what was set aside before', async () => {
    const folder = await CampaignFolder.open(join(dir, 'a'), ASKED);
    for (const expected of ['x-seed-1-1', 'x-seed-1-2']) {
      await leave(folder.runFolder(turn('x', 1)), plan, '');
      expect(await folder.setAside(turn('x', 1))).toBe(join(folder.path, 'set-aside', expected));
    }
    expect(await readdir(join(folder.path, 'x'))).toEqual([]);
  });
});

describe('a lock', () => {
  test('keeps a second process out, as long as one of those it names is there', async () => {
    {
      using _lock = new CampaignLock(dir);
      expect(() => new CampaignLock(dir)).toThrow(`is going on (process ${process.pid})`);
    }
    expect(await readdir(dir)).toEqual([]);
    using _again = new CampaignLock(dir);
  });

  test('of a process that was killed holds until its run is gone too', async () => {
    await writeFile(join(dir, 'campaign.lock'), `${process.pid} 1\n999999999 5\nrubbish\n`);
    const child = spawn('sleep', ['30']);
    const ended = new Promise((resolve) => child.once('close', resolve));
    {
      using lock = new CampaignLock(dir);
      lock.add(child.pid ?? 0);
      const text = await readFile(join(dir, 'campaign.lock'), 'utf8');
      // As it stands when the campaign's own process has been killed.
      await writeFile(join(dir, 'campaign.lock'), text.split('\n').slice(1).join('\n'));
      expect(() => new CampaignLock(dir)).toThrow(`(process ${child.pid})`);
    }
    child.kill();
    await ended;
    using _after = new CampaignLock(dir);
  });
});

describe('carrying out', () => {
  const turns = [turn('x', 1), turn('y', 1), turn('y', 2), turn('x', 2)];
  const order = turns.map(({ arm, seed }) => `${arm}${seed}`);
  interface Story {
    readonly begun: string[];
    readonly told: string[];
    readonly states: string[];
    readonly result: Awaited<ReturnType<typeof carryOut>>;
  }
  /** With a stand-in for the containers: what a run leaves in its folder, or how else it ends. */
  async function story(
    endings: Readonly<Record<string, RunEnding>> = {},
    more: Partial<CarryOutOptions> = {},
  ): Promise<Story> {
    const folder = await CampaignFolder.open(join(dir, 'a'), ASKED);
    const [begun, told]: [string[], string[]] = [[], []];
    let last: readonly Observation[] = [];
    const result = await carryOut(turns, {
      folder,
      metrics: [parseMetricExpression('D')],
      atOnce: 1,
      signal: new AbortController().signal,
      progress: (line) => told.push(line),
      onObserved: async (all) => {
        last = [...all];
      },
      run: async ({ arm, seed }, planFile, runFolder) => {
        begun.push(`${arm}${seed}`);
        const planned = JSON.parse(await readFile(planFile, 'utf8')) as Plan;
        const ending = endings[`${arm}${seed}`] ?? { kind: 'ended' };
        await leave(runFolder, planned, ending.kind === 'ended' ? undefined : '');
        return ending;
      },
      ...more,
    });
    expect(result.observations).toEqual(last);
    return { begun, told, states: last.map(({ state }) => state), result };
  }
  const BROKEN: RunEnding = { kind: 'broken', code: 70, message: 'it broke' };

  test('each in its turn, measured from its folder', async () => {
    const { begun, states, result } = await story();
    expect(begun).toEqual(order);
    expect(states).toEqual(order.map(() => 'conclusive'));
    expect(result.observations[2]).toMatchObject({ arm: 'y', seed: 2, reasons: [] });
    expect(result.observations[2]?.values.get('D')).toBe(28);
    expect(result.observations[2]?.values.get('trigger.seconds')).toBeCloseTo(4.4);
  });

  test('interrupted, it begins no other, and goes on with the one that was cut off', async () => {
    const first = await story({ y1: { kind: 'interrupted' } });
    expect(first.begun).toEqual(['x1', 'y1']);
    expect(first.result.interrupted).toBe(true);
    expect(first.states).toEqual(['conclusive', 'missing', 'missing', 'missing']);
    const second = await story();
    expect(second.begun).toEqual(['y1', 'y2', 'x2']);
    expect(second.told).toContain('1 of 4 runs are there already');
    expect(second.told[0]).toMatch(/^y, seed 1: set aside to .*set-aside\/y-seed-1-1$/);
    expect(second.result.observations).toEqual((await story()).result.observations);
    expect((await story()).begun).toEqual([]);
  });

  test('an interruption between two runs begins no other either', async () => {
    const { begun, result } = await story({}, { signal: AbortSignal.abort('interrupted') });
    expect(begun).toEqual([]);
    expect(result.interrupted).toBe(true);
  });

  test('a run that breaks is told and shown, the others are made, and another start makes it again', async () => {
    const first = await story({ y1: BROKEN });
    expect(first.begun).toEqual(order);
    expect(first.states).toEqual(['conclusive', 'broken', 'conclusive', 'conclusive']);
    expect(first.result.observations[1]?.reasons).toEqual(['it broke']);
    expect(first.result.broken).toEqual({ code: 70, message: 'it broke' });
    expect((await story()).begun).toEqual(['y1']);
  });

  test('two in a row that break have one cause: no other is begun', async () => {
    const { begun, states } = await story({ x1: BROKEN, y1: BROKEN });
    expect(begun).toEqual(['x1', 'y1']);
    expect(states).toEqual(['broken', 'broken', 'missing', 'missing']);
  });

  test('a run with another plan is not mixed in', async () => {
    const folder = await CampaignFolder.open(join(dir, 'a'), ASKED);
    await leave(folder.runFolder(turn('x', 1)), { ...plan, seed: 99 });
    const { begun, told } = await story();
    expect(begun).toEqual(order);
    expect(told[0]).toMatch(/^x, seed 1: set aside/);
  });

  test('no more labs at once than asked for', async () => {
    let [now, most] = [0, 0];
    await story(
      {},
      {
        atOnce: 2,
        run: async (_, planFile, runFolder) => {
          now += 1;
          most = Math.max(most, now);
          await new Promise((resolve) => setTimeout(resolve, 20));
          await leave(runFolder, JSON.parse(await readFile(planFile, 'utf8')) as Plan);
          now -= 1;
          return { kind: 'ended' };
        },
      },
    );
    expect(most).toBe(2);
  });
});

test('what cannot be measured ends it, once no other lab is running, and is thrown', async () => {
  const folder = await CampaignFolder.open(join(dir, 'a'), ASKED);
  let running = 0;
  const carried = carryOut([turn('x', 1), turn('y', 1), turn('y', 2)], {
    folder,
    metrics: [],
    atOnce: 2,
    signal: new AbortController().signal,
    progress: () => undefined,
    onObserved: async () => undefined,
    run: async ({ arm }, _, runFolder) => {
      running += 1;
      if (arm === 'y') await new Promise((resolve) => setTimeout(resolve, 50));
      await leave(runFolder, plan);
      if (arm === 'x') await rm(join(runFolder, 'history.jsonl'));
      running -= 1;
      return { kind: 'ended' };
    },
  });
  await expect(carried).rejects.toThrow('history.jsonl');
  expect(running).toBe(0);
  expect(await readdir(join(folder.path, 'y'))).toEqual(['seed-1']);
});

describe('runs that have ended', () => {
  const folders = async (...plans: readonly Plan[]): Promise<readonly string[]> =>
    Promise.all(
      plans.map(async (one, index) => {
        const folder = join(dir, `run-${index + 1}`);
        await leave(folder, one);
        return folder;
      }),
    );
  const compared = (list: readonly string[]) => compareRuns(list, () => [parseMetricExpression('D')]);
  const buffered = { ...plan, overrides: { capacityBuffer: 'true' } };

  test('of one configuration are one arm, with their seeds', async () => {
    const list = await folders({ ...plan, seed: 1 }, { ...plan, seed: 2 }, { ...buffered, seed: 1 });
    const comparison = await compared(list);
    expect(comparison.arms.map(({ name, runs }) => [name, runs.conclusive])).toEqual([
      ['small/fast', 2],
      ['small/fast capacityBuffer=true', 1],
    ]);
    expect(comparison.metrics[0]?.arms[1]?.difference).toMatchObject({ pairs: 1, median: { atLeast: 0, atMost: 0 } });
  });

  test('two of one configuration and one seed are two arms', async () => {
    const list = await folders({ ...plan, seed: 1 }, { ...plan, seed: 1 });
    expect((await compared(list)).arms.map(({ name }) => name)).toEqual(list);
  });

  test('the same folder twice, and one without a run, are refused', async () => {
    const [one = ''] = await folders(plan);
    await expect(compared([one, one])).rejects.toThrow('is named twice');
    await expect(compared([one, join(dir, 'nowhere')])).rejects.toThrow('cannot be read as a plan');
  });
});
