import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { HostProgram } from '../../../harness/lab/host-program.ts';

/** Real processes: Node.js with a program on its command line. */
const PRINTS = 'process.stdout.write("one\\ntwo\\nthr"); process.stdin.resume().on("end", () => process.exit(0));';
const STAYS = 'console.log(process.pid); setInterval(() => undefined, 1000);';

test('a program’s lines are told as they come, and what it had not ended is none', async () => {
  const lines: string[] = [];
  {
    await using _program = HostProgram.start(['-e', PRINTS], (line) => lines.push(line));
    await expect.poll(() => lines.length, { timeout: 10_000 }).toBe(2);
  }
  await delay(50);
  expect(lines).toEqual(['one', 'two']);
});

test('one that does not end when its stdin does is ended', async () => {
  const lines: string[] = [];
  const program = HostProgram.start(['-e', STAYS], (line) => lines.push(line));
  await expect.poll(() => lines.length, { timeout: 10_000 }).toBe(1);
  await program[Symbol.asyncDispose]();
  expect(() => process.kill(Number(lines[0]), 0)).toThrow('ESRCH');
});

test('one that is not there ends nothing', async () => {
  await using program = HostProgram.start(['no/such/program.ts'], () => undefined);
  expect(program).toBeDefined();
});
