import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { execute } from '../../../harness/lab/engine/execute.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'zonestorm-execute-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test('a program that is interrupted gets to remove its files before that is told', async () => {
  const [begun, removed] = [join(folder, 'begun'), join(folder, 'removed')];
  const script = `trap 'sleep 0.2; touch ${removed}; exit 1' INT; touch ${begun}; while :; do sleep 0.05; done`;
  const abort = new AbortController();
  const ended = execute('sh', ['-c', script], { timeoutMs: 20_000, signal: abort.signal }).catch(
    ({ message }: Error) => message,
  );
  await expect.poll(() => existsSync(begun)).toBe(true);
  abort.abort('interrupted');
  expect(await ended).toMatch(/^sh .* was interrupted$/);
  expect(existsSync(removed)).toBe(true);
});

test('one that would begin after the interruption does not', async () => {
  const file = join(folder, 'begun');
  const asked = execute('touch', [file], { timeoutMs: 20_000, signal: AbortSignal.abort('interrupted') });
  await expect(asked).rejects.toThrow(/interrupted/);
  expect(existsSync(file)).toBe(false);
});
