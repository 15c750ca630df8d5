import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { newFolder, readText, zonestorm } from './cli.ts';
import { leftovers } from './leftovers.ts';

/** Short phases: what is tested is what is left, not what is measured. */
const SHORT = ['--seed', '4', '--set', 'phases.baseline.for=2s', '--set', 'phases.storm.atMost=6s'];

test.each([
  ['the start of the containers', /1 × control-plane/, 600],
  ['the baseline', /baseline \d/, 500],
  ['the misroute', /misroute \d/, 700],
  ['the storm', /storm \d/, 1_500],
  ['the settling', /settle \d/, 500],
  ['the stop', /reading every replica/, 100],
] as const)('kill -9 in %s: 30 s later nothing is left', async (_, pattern, waitMs) => {
  const run = zonestorm(['run', 'ebs-2011', '--out', await newFolder(), ...SHORT]);
  await run.said(pattern);
  await delay(waitMs);
  expect((await leftovers()).length).toBeGreaterThan(3);
  run.child.kill('SIGKILL');
  const { signal } = await run.finished;
  expect(signal).toBe('SIGKILL');
  await expect.poll(leftovers, { timeout: 30_000, interval: 1_000 }).toEqual([]);
});

test.each([
  ['while containers start', /1 × control-plane/],
  ['in the misroute', /misroute \d/],
  ['in the storm', /storm \d/],
] as const)('Ctrl-C %s reverts, removes everything and exits 130', async (_, pattern) => {
  const folder = await newFolder();
  const run = zonestorm(['run', 'ebs-2011', '--out', folder, ...SHORT]);
  await run.said(pattern);
  run.child.kill('SIGINT');
  const { code } = await run.finished;
  expect(code).toBe(130);
  expect(await leftovers()).toEqual([]);
  expect(await readText(folder, 'history.jsonl')).toContain('"outcome":"interrupted"');
  expect(existsSync(join(folder, 'result.json'))).toBe(false);
});

test('a run that passes its deadline removes everything and is inconclusive', async () => {
  const folder = await newFolder();
  const { code, stdout } = await zonestorm(['run', 'ebs-2011', '--out', folder, ...SHORT, '--timeout', '9']).finished;
  expect(code).toBe(2);
  expect(stdout).toMatch(/INCONCLUSIVE/);
  expect(await leftovers()).toEqual([]);
});

test('clean removes what a killed run left, before the reaper does', async () => {
  const run = zonestorm(['run', 'ebs-2011', '--out', await newFolder(), ...SHORT]);
  await run.said(/baseline \d/);
  run.child.kill('SIGKILL');
  await run.finished;
  const { code, stdout } = await zonestorm(['clean']).finished;
  expect(code).toBe(0);
  expect(stdout).toMatch(/removed \d\d containers, 9 networks, 11 volumes/);
  expect((await leftovers()).filter((one) => !one.includes('ryuk'))).toEqual([]);
  await expect.poll(leftovers, { timeout: 30_000, interval: 1_000 }).toEqual([]);
});
