import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';

const MODULE = new URL('../../../fixtures/storage/wire/stop-signals.ts', import.meta.url).href;
const PROGRAM = `
import { stopSignals } from '${MODULE}';
const stop = stopSignals();
setInterval(() => undefined, 1000);
console.log('listening');
await stop.asked;
console.log('asked');
await stop.end;
console.log('end');
process.exit(0);
`;

test('a program stops at SIGUSR2 and ends at SIGTERM', async () => {
  const child = spawn(process.execPath, ['--input-type=module', '-e', PROGRAM], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const until = async (word: string): Promise<void> => {
    while (!said.includes(word)) await once(child.stdout, 'data');
  };
  await until('listening');
  child.kill('SIGUSR2');
  await until('asked');
  expect(child.exitCode).toBeNull();
  child.kill('SIGTERM');
  const [code] = await once(child, 'close');
  expect([code, said]).toEqual([0, 'listening\nasked\nend\n']);
});
