import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readRunPlan } from '../../../harness/history/read-run.ts';

test('a plan from before there were databases and actions has none', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'zonestorm-plan-'));
  await writeFile(join(dir, 'plan.json'), JSON.stringify({ schemaVersion: 2, phases: [{ name: 'baseline' }] }));
  expect(await readRunPlan(dir)).toMatchObject({ databases: [], phases: [{ name: 'baseline', actions: [] }] });
  await rm(dir, { recursive: true });
});
