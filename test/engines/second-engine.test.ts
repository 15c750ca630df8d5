import { readFileSync } from 'node:fs';
import type Docker from 'dockerode';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ensureEngine } from '../../harness/lab/engine/ensure-engine.ts';
import { standingOf } from '../../harness/lab/engine/known-engines.ts';
import { OWN_IMAGES, publicName } from '../../harness/lab/images/catalogue.ts';
import { isPresent, resolveImage, resolveReaper } from '../../harness/lab/images/resolve-images.ts';
import { PROJECT } from '../../harness/lab/project.ts';
import { type Ended, remainsOfSecondEngine, SecondEngine } from './second-engine.ts';

/**
 * A part of the tests, on the engine of Debian sid, 28 or newer. In CI, or with `--engines`. Where this machine cannot
 * have a second engine, because that needs root, the same tests assert that it says so.
 */
const POSSIBLE = process.getuid?.() === 0;
let first: Docker;
let firstId: string;
let firstGroups: readonly string[];
let second: SecondEngine | null = null;
let refusal = '';

beforeAll(async () => {
  const progress = console.error;
  first = await ensureEngine({ yes: true, progress });
  firstId = await identity();
  firstGroups = groupMounts();
  const context = { docker: first, progress };
  for (const image of ['runtime', 'toxiproxy', 'fixtures', 'reaper'] as const) await resolveImage(context, image);
  await resolveReaper(context);
  try {
    second = await SecondEngine.start();
  } catch (error) {
    refusal = (error as Error).message;
    return;
  }
  const own = (['runtime', 'toxiproxy', 'fixtures', 'reaper'] as const).map((image) => OWN_IMAGES[image]);
  const pulled = (await isPresent(first, publicName('reaper'))) ? [publicName('reaper')] : [];
  await second.load(first, [...own, ...pulled]);
});
afterAll(() => second?.[Symbol.asyncDispose]());

/** Of the machine's own engine: which one it is, and since when it has its networks. */
async function identity(): Promise<string> {
  const [{ ID }, networks] = await Promise.all([first.info() as Promise<{ ID: string }>, first.listNetworks()]);
  const bridge = networks.find(({ Name }) => Name === 'bridge');
  return `${ID} ${bridge?.Id}`;
}

/** Control groups of the machine, as they are mounted: where, and which. */
function groupMounts(): readonly string[] {
  return readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' '))
    .filter(([, , type = '']) => type.startsWith('cgroup'))
    .map(([, point, type, options]) => `${point} ${type} ${options}`)
    .toSorted();
}

/** A part of the tests as a process of its own, where the second engine is. */
async function carried(files: readonly string[], args: readonly string[]): Promise<Ended & { passed: number }> {
  if (second === null) throw new Error(refusal);
  const vitest = [`${PROJECT}/node_modules/vitest/vitest.mjs`, 'run', ...args, ...files];
  const ended = await second.run(process.execPath, vitest);
  console.error(ended.output.split('\n').slice(-60).join('\n'));
  const [, passed = '0', failed = '?'] = /^(\d+) passed, (\d+) failed, \d+ skipped$/m.exec(ended.output) ?? [];
  expect([ended.code, failed], ended.output.slice(-3_000)).toEqual([0, '0']);
  return { ...ended, passed: Number(passed) };
}

const onSecond = (name: string, body: () => Promise<void>): void =>
  test(name, { timeout: 600_000 }, async () => {
    if (POSSIBLE) await body();
    else expect(refusal).toMatch(/^a second engine needs root/);
  });

onSecond('it is 28 or newer, and doctor finds it fit', async () => {
  const { Version } = (await second?.docker.version()) ?? { Version: refusal };
  console.error(`second engine: ${standingOf(Version).words}`);
  expect(Number.parseInt(Version, 10), Version).toBeGreaterThanOrEqual(28);
  const doctor = await second?.run(`${PROJECT}/harness/bin/zonestorm`, ['doctor']);
  expect(doctor?.code, doctor?.output).toBe(0);
  expect(doctor?.output).toContain(Version);
});

onSecond('it is on control groups version 2, where the machine has it or can lend it', async () => {
  const info: { CgroupVersion?: string } = await second?.docker.info();
  const isUnified = firstGroups.some((mount) => mount.startsWith('/sys/fs/cgroup cgroup2'));
  const isLent = groupMounts().length < firstGroups.length;
  console.error(`control groups version ${info.CgroupVersion}, ${isLent ? 'lent' : 'as the machine has them'}`);
  expect(info.CgroupVersion).toBe(isUnified || isLent ? '2' : '1');
});

onSecond('containers are kept apart, every fault is applied and reverted, programs are held', async () => {
  const files = ['bypass', 'faults', 'hold'].map((name) => `test/container/${name}.test.ts`);
  const { passed } = await carried(files, ['--project', 'container']);
  expect(passed).toBeGreaterThan(30);
});

onSecond('ebs-2011-short passes, the drill puts everything back, and so does the reaper after kill -9', async () => {
  const names = 'shorter than the detector|kill -9 with many faults in force|an expectation that does not hold';
  const files = ['event', 'killed'].map((name) => `test/e2e/${name}.test.ts`);
  const { passed } = await carried(files, ['--project', 'e2e*', '-t', names]);
  expect(passed).toBe(3);
});

onSecond('killed with -9, it leaves nothing on the machine, whose own engine went on', async () => {
  await second?.kill();
  // Within seconds, by its guard: nobody else is left who would.
  await expect.poll(remainsOfSecondEngine, { timeout: 30_000 }).toEqual([]);
  await expect.poll(groupMounts, { timeout: 30_000 }).toEqual(firstGroups);
  expect(await identity()).toBe(firstId);
  // It can limit a container's CPUs again.
  const limits = { NanoCpus: 500_000_000, PidsLimit: 50, AutoRemove: true };
  const [{ StatusCode }] = await first.run(OWN_IMAGES.runtime, ['true'], process.stderr, { HostConfig: limits });
  expect(StatusCode).toBe(0);
});
