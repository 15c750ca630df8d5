import { readdir } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { Drill } from '../../bench/kills/drill.ts';
import { zonestorm } from './cli.ts';
import { leftovers } from './leftovers.ts';

test('clean removes what a killed run left, before the reaper does, and tells what was in force', async () => {
  await using one = await Drill.start(['--seed', '4']);
  await one.inForce(6);
  one.child.kill('SIGKILL');
  await one.ended;
  const journal = await one.journal();
  const ids = journal?.inForce.map(({ id }) => id) ?? [];
  expect(ids.length).toBeGreaterThanOrEqual(5);
  const { code, stdout } = await zonestorm(['clean'], { XDG_STATE_HOME: one.state }).finished;
  expect(code).toBe(0);
  expect(stdout).toContain(`run ${journal?.runId} had not ended properly; put back: ${ids.join(', ')}\n`);
  expect(await readdir(one.journals)).toEqual([]);
  expect((await leftovers()).filter((left) => !left.includes('ryuk'))).toEqual([]);
  await expect.poll(leftovers, { timeout: 30_000, interval: 1_000 }).toEqual([]);
});
