import { execFile, spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { CampaignLock } from '../../../harness/campaign/lock.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'zonestorm-lock-'));
});
afterEach(() => rm(dir, { recursive: true }));

const RACERS = 6;
const ROUNDS = 25;
const EVERY_MS = 200;

test('of many processes that start at once, on what a dead one left, one at a time has the campaign', async () => {
  for (let round = 0; round < ROUNDS; round += 1) {
    await mkdir(join(dir, String(round)));
    await writeFile(join(dir, String(round), 'campaign.lock'), '999999999 5\n');
  }
  const program = join(import.meta.dirname, 'lock-racer.ts');
  const args = [program, dir, `${ROUNDS}`, `${Date.now() + 2_500}`, `${EVERY_MS}`];
  const outputs = await Promise.all(Array.from({ length: RACERS }, () => promisify(execFile)(process.execPath, args)));
  const got = outputs.flatMap(({ stdout }) => JSON.parse(stdout) as [round: number, from: number, to: number][]);
  for (let round = 0; round < ROUNDS; round += 1) {
    // On a busy machine one may come so late that it has it after another.
    const held = got.filter(([of]) => of === round).toSorted(([, a], [, b]) => a - b);
    expect(held.length, `round ${round}`).toBeGreaterThan(0);
    for (const [i, [, from]] of held.entries()) expect(from).toBeGreaterThan(held[i - 1]?.[2] ?? 0);
  }
});

test('what a killed process held is free at once, unless a run of it goes on', async () => {
  const child = spawn('sleep', ['60']);
  const holder = spawn(process.execPath, [
    '--input-type=module',
    '--eval',
    `import { CampaignLock } from ${JSON.stringify(join(import.meta.dirname, '../../../harness/campaign/lock.ts'))};
     const lock = new CampaignLock(${JSON.stringify(dir)}); lock.add(${child.pid}); console.log('got'); setInterval(() => {}, 1000);`,
  ]);
  try {
    await new Promise((resolve) => holder.stdout.once('data', resolve));
    expect(() => new CampaignLock(dir)).toThrow(`is going on (process ${holder.pid}, ${child.pid})`);
    const ended = new Promise((resolve) => holder.once('exit', resolve));
    holder.kill('SIGKILL');
    await ended;
    expect(() => new CampaignLock(dir)).toThrow(`is going on (process ${child.pid})`);
    const over = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await over;
    using _lock = new CampaignLock(dir);
    expect(await readFile(join(dir, 'campaign.lock'), 'utf8')).toMatch(new RegExp(`^${process.pid} \\d+\\n$`));
  } finally {
    holder.kill('SIGKILL');
    child.kill('SIGKILL');
  }
});
