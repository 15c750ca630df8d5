import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { beforeAll, describe, expect, test } from 'vitest';
import { connectEngine } from '../../harness/lab/engine/connect.ts';
import type { Plan } from '../../harness/scenario/plan.ts';
import { newFolder, type Run, readText, runScenario, zonestorm } from './cli.ts';
import { leftovers } from './leftovers.ts';

const FROZEN = 'test/e2e/scenarios/frozen-app.yaml';
const SECONDS = 34;
const TIME_LIMIT_SECONDS = 5;

describe('an application that is frozen for 15 of 34 s', () => {
  let run: Run;
  beforeAll(async () => {
    run = await runScenario(FROZEN, ['--seed', '1']);
  });
  const availabilityOf = (app: string) =>
    run.result.applications.find((one) => one.app === app)?.periods[0]?.availability ?? Number.NaN;

  test('blames the machine for nothing, nor does a node that gets hardly any CPU', () => {
    expect(run.result.verdict.problems).toEqual([]);
    expect(run.code).toBe(0);
    // To look whether a node is starved takes none of the CPU that it has left.
    const length = run.result.dose.measurements.find(({ fault, what }) => fault === 'cpu-1' && what === 'length');
    expect(Math.abs((length?.measured ?? Number.NaN) - 8)).toBeLessThan(0.3);
    const lags = new Map(run.result.machine.lag.map((lag) => [lag.who, lag]));
    // The sample that the thaw lets out; 8 s of a starved node are about 16.
    expect(lags.get('a-app')?.excused).toBeGreaterThanOrEqual(1);
    expect(lags.get('a1')?.excused).toBeGreaterThanOrEqual(8);
    expect(lags.get('a-shop')?.excused).toBeUndefined();
    expect(lags.get('a-shop')?.samples).toBeGreaterThan(40);
  });

  test('is as available as arithmetic and its own log say', async () => {
    const log = await readText(run.folder, 'logs/a-app.log');
    const stood = [...log.matchAll(/^stood (\S+) (\S+)$/gm)].map(([, from, to]) => (Number(to) - Number(from)) / 1000);
    expect(stood.filter((seconds) => seconds > 1)).toHaveLength(1);
    const [frozen = 0] = stood.filter((seconds) => seconds > 1);
    // Requests that were due longer before its thaw than their time limit got no answer in time.
    const byItsLog = 1 - (frozen - TIME_LIMIT_SECONDS) / SECONDS;
    expect(Math.abs(availabilityOf('a-app') - 24 / 34)).toBeLessThan(0.02);
    expect(Math.abs(availabilityOf('a-app') - byItsLog)).toBeLessThan(0.004);
  });

  test('is not added to the other application of its zone, whose two ports are two links', async () => {
    expect(availabilityOf('a-shop')).toBe(1);
    const plan = JSON.parse(await readText(run.folder, 'plan.json')) as Plan;
    const links = plan.links.filter(({ source }) => source === 'host').map(({ id }) => id);
    expect(links).toEqual(['host->a-app@primary', 'host->a-shop:8080@primary', 'host->a-shop:8081@primary']);
    const asked = (await readFile(join(run.folder, 'history.jsonl'), 'utf8')).match(/"kind":"request"/g)?.length ?? 0;
    expect(asked).toBeGreaterThanOrEqual(2 * 8 * SECONDS);
  });
});

/** Stops a container's program by a signal, which is no fault of the run's: it lags by itself. */
async function holdUp(id: string, ms: number): Promise<void> {
  const docker = await connectEngine();
  const [one] = (await docker?.listContainers({ filters: { label: ['zonestorm=true', `zonestorm.id=${id}`] } })) ?? [];
  if (docker === null || one === undefined) throw new Error(`no container of ${id} runs`);
  const container = docker.getContainer(one.Id);
  await container.kill({ signal: 'SIGSTOP' });
  await delay(ms);
  await container.kill({ signal: 'SIGCONT' });
}

test('a second application that lags by itself beside a pause makes the run inconclusive, and is named', async () => {
  const folder = await newFolder();
  const planned = await zonestorm(['plan', FROZEN, '--seed', '1', '--json', '--set', 'load.appRequestsPerSecond=16'])
    .finished;
  const plan = JSON.parse(planned.stdout) as Plan;
  const seconds: Readonly<Record<string, number>> = { before: 2, frozen: 4, after: 2 };
  const phases = plan.phases.map((phase) => ({
    ...phase,
    seconds: seconds[phase.name] ?? null,
    faults: phase.faults.filter(({ kind }) => kind === 'pause'),
  }));
  const file = `${folder}-plan.json`;
  await writeFile(file, JSON.stringify({ ...plan, phases, expectations: [] }));
  const started = zonestorm(['run', file, '--out', folder, '--json']);
  await started.said(/^frozen /m);
  await delay(1_000);
  // Too short to be silent for.
  await holdUp('a-shop', 1_200);
  const { code, stdout } = await started.finished;
  const { verdict, machine } = JSON.parse(stdout) as Run['result'];
  expect(code).toBe(2);
  expect(machine.silent).toEqual([]);
  const whats = verdict.problems.map(({ what }) => what);
  expect(whats).toContainEqual(expect.stringMatching(/^a-shop ran late: .* limit 1 %$/));
  expect(whats.filter((what) => what.startsWith('a-app'))).toEqual([]);
});

test('nothing is left', async () => {
  await expect.poll(leftovers, { timeout: 30_000, interval: 1_000 }).toEqual([]);
});
