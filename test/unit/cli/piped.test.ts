import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { PROJECT } from '../../../harness/lab/project.ts';

const start = () =>
  spawn(process.execPath, [join(PROJECT, 'harness/cli/main.ts'), 'plan', 'ebs-2011', '--seed', '1', '--json'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });

test('what is longer than a pipe holds arrives whole, also where it is read late', async () => {
  const child = start();
  await new Promise((resolve) => setTimeout(resolve, 1500));
  let text = '';
  for await (const chunk of child.stdout) text += String(chunk);
  expect(text.length).toBeGreaterThan(2 * 65_536);
  expect(JSON.parse(text)).toMatchObject({ schemaVersion: 2 });
});

test('a reader that stops reading is no error', async () => {
  const child = start();
  let errors = '';
  child.stderr.on('data', (chunk) => {
    errors += String(chunk);
  });
  child.stdout.once('data', () => child.stdout.destroy());
  const code = await new Promise((resolve) => child.once('close', resolve));
  expect({ code, errors }).toEqual({ code: 0, errors: '' });
});
