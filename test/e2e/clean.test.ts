import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Drill } from '../../bench/kills/drill.ts';
import { engineAddress } from '../../harness/lab/engine/connect.ts';
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

test('clean leaves a run of another engine alone, and forgets one whose engine’s place this one has taken', async () => {
  const state = await mkdtemp(join(tmpdir(), 'zonestorm-clean-'));
  const folder = join(state, 'zonestorm', 'journal');
  await mkdir(folder, { recursive: true });
  const leave = (runId: string, address: string): Promise<void> => {
    const engine = { id: 'ANOTHER', root: '/another/folder', address };
    return writeFile(
      join(folder, `${runId}.jsonl`),
      `${JSON.stringify({ runId, pid: 2 ** 22 + 1, pidStart: '1', engine })}\n`,
    );
  };
  try {
    await leave('dead0001', 'unix:///nowhere/docker.sock');
    await leave('dead0002', engineAddress());
    const { code, stdout, stderr } = await zonestorm(['clean'], { XDG_STATE_HOME: state }).finished;
    expect([code, stdout], stderr).toEqual([0, expect.stringMatching(/^removed \d+ containers/)]);
    expect(stderr).toContain('run dead0001 is of the engine at unix:///nowhere/docker.sock');
    expect(stderr).toMatch(/run dead0002 was of another engine.*forgotten/);
    expect(await readdir(folder)).toEqual(['dead0001.jsonl']);
  } finally {
    await rm(state, { recursive: true, force: true });
  }
});
