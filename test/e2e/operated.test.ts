import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import type { Result } from '../../harness/report/result-schema.ts';
import { newFolder, readText, zonestorm } from './cli.ts';
import { leftovers } from './leftovers.ts';

/**
 * Fixed here, not chosen by its result; nobody crashes, so that the run ends when all is mirrored. Peers answer searches
 * half as fast as in `loop`, which has that many for the race alone: fewer attempts leave the machine room for the rest.
 * A third node is misrouted: with two, a dozen volumes find no slot, and what the others give back when they are mirrored
 * can be enough for all of them before a node is added.
 */
const SETTINGS = {
  raceFixed: true,
  'storage.searchServiceMinMs': 36,
  'storage.searchServiceMaxMs': 48,
  'phases.misroute.pick': 3,
};
const OPERATED = ['--preset', 'loop', '--seed', '7'].concat(
  Object.entries(SETTINGS).flatMap(([path, value]) => ['--set', `${path}=${value}`]),
);

afterEach(async () => {
  expect(await leftovers(), 'left on the engine').toEqual([]);
});

function actionOf({ operator }: Result, id: string): Result['operator']['actions'][number] {
  const action = operator.actions.find((one) => one.id === id);
  if (action === undefined) throw new Error(`no action ${id}`);
  return action;
}

test('the steps of 2011 by schedule, and one by hand: each is read back and moves its curve', async () => {
  const folder = await newFolder();
  const run = zonestorm(['run', 'ebs-2011-operated', '--out', folder, '--json', ...OPERATED]);
  // Before its phases begin nobody can do anything in it.
  const early = await zonestorm(['operate', folder, 'stop-search', 'zone=use1-b']).finished;
  expect(early.code).toBe(64);
  await run.said(/misroute/);
  const byHand = await zonestorm(['operate', folder, 'readmit', 'zone=use1-b', 'perSecond=50']).finished;
  expect(byHand, byHand.stderr).toMatchObject({ code: 0 });
  expect(byHand.stdout).toMatch(/^readmit-2: .*at 50 a second\n2 nodes that run say 25 a second each\n$/);
  const wrong = await zonestorm(['operate', folder, 'readmit', 'zone=use1-c']).finished;
  expect(wrong.code).toBe(64);
  expect(wrong.stderr).toContain('the zone `use1-c`');

  const { stdout, stderr, code } = await run.finished;
  expect(stdout, stderr.slice(-3000)).not.toBe('');
  const result = JSON.parse(stdout) as Result;
  for (const { id, by, sinceTriggerEndSeconds, readBack, curves } of result.operator.actions) {
    console.error(`${id} (${by}) at ${sinceTriggerEndSeconds} s: ${readBack}; ${JSON.stringify(curves)}`);
  }
  console.error(`exit ${code}: ${result.verdict.problems.map(({ what }) => what).join('; ')}`);
  expect(existsSync(join(folder, 'operate.sock'))).toBe(false);
  expect((await zonestorm(['operate', folder, 'stop-search', 'zone=use1-b']).finished).code).toBe(64);

  expect(result.operator.actions.map(({ outcome }) => outcome)).toEqual(result.operator.actions.map(() => 'done'));
  expect(result.operator.actions).toHaveLength(10);
  expect(actionOf(result, 'readmit-2')).toMatchObject({ by: 'terminal', zone: 'use1-b' });
  expect(result.expectations.filter(({ held }) => held !== true)).toEqual([]);
  expect(result.storm.mirroredSeconds).not.toBeNull();
  expect(result.fabric.leftBehind).toEqual([]);
  // Four nodes joined, hold replicas, and told so.
  expect(actionOf(result, 'add-nodes-1').readBack).toContain('a9, a10, a11, a12 joined');
  // The volumes of the load only: those of the API's users are not re-read.
  const history = await readText(folder, 'history.jsonl');
  const reread = history.split('\n').filter((line) => line.includes('"kind":"replica"'));
  const nodes = new Set(reread.map((line) => (JSON.parse(line) as { node: string }).node));
  expect(
    ['a9', 'a10', 'a11', 'a12'].some((node) => nodes.has(node)),
    `replicas on ${[...nodes].join(', ')}`,
  ).toBe(true);
});
