import { join } from 'node:path';
import { expect, test } from 'vitest';
import { newFolder, readText, zonestorm } from './cli.ts';
import { leftovers } from './leftovers.ts';

const BAD = join(import.meta.dirname, '../../fixtures/bad-input');

test.each([
  [['run', 'no-such-scenario'], /no-such-scenario/],
  [['run', join(BAD, 'scenarios/unknown-fault.yaml')], /unknown-fault\.yaml:\d+:\d+: found .*expected/],
  [['plan', join(BAD, 'scenarios/unknown-fault.yaml')], /unknown-fault\.yaml:\d+:\d+: found .*expected/],
  [['run', 'ebs-2011', '--set', 'storage.slotPerNode=3'], /storage\.slotsPerNode/],
  [['run', 'ebs-2011', '--seed', 'x'], /expected a whole number/],
  [['run'], /missing required argument/],
  [['sing'], /unknown command/],
  [['analyze', '/nowhere'], /nowhere/],
] as const)('%j is bad input: exit 64, and the message says what was expected', async (args, message) => {
  const { code, stderr, stdout } = await zonestorm(args).finished;
  expect(stderr).toMatch(message);
  expect(code).toBe(64);
  expect(stdout).toBe('');
  expect(await leftovers()).toEqual([]);
});

test('a folder that holds a run is not written over, which is told before an engine is looked for', async () => {
  const environment = { DOCKER_HOST: 'tcp://127.0.0.1:1' };
  const { code, stderr } = await zonestorm(['run', 'ebs-2011', '--out', join(BAD, 'scenarios')], environment).finished;
  expect(code).toBe(64);
  expect(stderr).toMatch(/expected a new or empty folder/);
});

test('an engine on another machine is no environment for a measurement: exit 3, and what to do', async () => {
  const environment = { DOCKER_HOST: 'tcp://127.0.0.1:1' };
  const folder = await newFolder();
  const { code, stderr, stdout } = await zonestorm(['run', 'ebs-2011', '--out', folder], environment).finished;
  expect(code).toBe(3);
  expect(stderr).toMatch(/Unset DOCKER_HOST/);
  expect(stdout).toBe('');
  // What a CI job shows says it too.
  expect(await readText(folder, 'junit.xml')).toMatch(/<error message="the run broke: [\s\S]*Unset DOCKER_HOST/);
  expect(await readText(folder, 'summary.md')).toMatch(/^# INCONCLUSIVE[\s\S]*Unset DOCKER/);
});

test('help and version go to stdout and exit 0; the exit codes are in the help', async () => {
  const help = await zonestorm(['--help']).finished;
  expect(help.code).toBe(0);
  expect(help.stdout).toMatch(/130 {2}interrupted/);
  const version = await zonestorm(['--version']).finished;
  expect(version.stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
});

test('plan shows zones, links, routers and timeline, and starts nothing', async () => {
  const { code, stdout } = await zonestorm(['plan', 'ebs-2011', '--seed', '7']).finished;
  expect(code).toBe(0);
  for (const word of ['use1-a', 'a-replication', 'links', 'misroute:', 'chosen', 'expectations']) {
    expect(stdout).toContain(word);
  }
  const again = await zonestorm(['plan', 'ebs-2011', '--seed', '7', '--json']).finished;
  const once = await zonestorm(['plan', 'ebs-2011', '--seed', '7', '--json']).finished;
  expect(again.stdout).toBe(once.stdout);
  expect(await leftovers()).toEqual([]);
});

test('doctor finds this machine fit, and says where each image comes from', async () => {
  const { code, stdout } = await zonestorm(['doctor']).finished;
  expect(stdout).toMatch(/^ok +engine /m);
  expect(stdout).toMatch(/^ok +shaping /m);
  expect(stdout).toMatch(/image fixtures +zonestorm\/fixtures:[0-9a-f]{16}: present/);
  expect(code).toBe(0);
});
