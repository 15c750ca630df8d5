import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { zonestorm } from './cli.ts';

let state: string;
beforeEach(async () => {
  state = await mkdtemp(join(tmpdir(), 'zonestorm-doctor-'));
});
afterEach(() => rm(state, { recursive: true, force: true }));

/** What a run left that was killed with two of three faults in force. */
async function leaveJournal(): Promise<string> {
  const folder = join(state, 'zonestorm', 'journal');
  await mkdir(folder, { recursive: true });
  const header = { runId: 'dead0001', pid: 2 ** 22 + 1, pidStart: '1', at: '2026-01-01T00:00:00.000Z' };
  const line = (step: string, id: string): object => ({ state: step, at: '2026-01-01T00:00:01.000Z', fault: { id } });
  const lines = [
    header,
    line('applying', 'cut-1'),
    line('reverted', 'cut-1'),
    line('applying', 'pause-1'),
    line('applying', 'cpu-1'),
  ];
  await writeFile(join(folder, 'dead0001.jsonl'), lines.map((one) => `${JSON.stringify(one)}\n`).join(''));
  return folder;
}

test('doctor says which way capacities will be made, by trying it, and needs no state folder', async () => {
  const { code, stdout } = await zonestorm(['doctor'], { XDG_STATE_HOME: join(state, 'not', 'there') }).finished;
  expect(stdout).toMatch(/^ok +shaping +by the kernel’s queue: tried/m);
  expect(stdout).toMatch(/^ok +ports +tried: /m);
  expect(stdout).toMatch(/^ok +journals +every run has put back what it did$/m);
  expect(code).toBe(0);
});

test('doctor tells of runs that had faults in force when they were killed, and changes nothing', async () => {
  const folder = await leaveJournal();
  const { code, stdout } = await zonestorm(['doctor'], { XDG_STATE_HOME: state }).finished;
  expect(stdout).toMatch(/^ok +journals +not put back yet: dead0001 \(pause-1, cpu-1\); .*`zonestorm clean`/m);
  expect(code).toBe(0);
  expect(await readdir(folder)).toEqual(['dead0001.jsonl']);
});

const NO_ENGINE = { DOCKER_HOST: 'unix:///nowhere/docker.sock' };

test('doctor without an engine ends with 3, and tells of such runs too', async () => {
  await leaveJournal();
  const { code, stdout } = await zonestorm(['doctor'], { XDG_STATE_HOME: state, ...NO_ENGINE }).finished;
  expect(stdout).toMatch(/^FAIL +engine +none answers/m);
  expect(stdout).toContain('dead0001 (pause-1, cpu-1)');
  expect(code).toBe(3);
});

test('clean without an engine does not say that all is well while faults may still be in force', async () => {
  const environment = { XDG_STATE_HOME: state, ...NO_ENGINE };
  const nothing = await zonestorm(['clean'], environment).finished;
  expect([nothing.code, nothing.stdout]).toEqual([0, 'removed 0 containers, 0 networks, 0 volumes\n']);
  const folder = await leaveJournal();
  const { code, stderr } = await zonestorm(['clean'], environment).finished;
  expect(code).toBe(3);
  expect(stderr).toContain('dead0001 (pause-1, cpu-1)');
  expect(await readdir(folder)).toEqual(['dead0001.jsonl']);
});
