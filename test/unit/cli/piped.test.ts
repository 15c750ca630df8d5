import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { PROJECT } from '../../../harness/lab/project.ts';

/** Node's own pipes between processes are sockets, which hold more: the shell's are what people use. */
const shell = (line: string) =>
  promisify(execFile)('sh', ['-c', line, 'sh', process.execPath, 'harness/cli/main.ts'], {
    cwd: PROJECT,
    maxBuffer: 16 * 1024 * 1024,
  });
const PLAN = '"$1" "$2" plan ebs-2011 --preset full --seed 1 --json';

test('what is longer than a pipe holds arrives whole, also where it is read late', async () => {
  const { stdout } = await shell(`${PLAN} | { sleep 1; cat; }`);
  expect(stdout.length).toBeGreaterThan(2 * 65_536);
  expect(JSON.parse(stdout)).toMatchObject({ schemaVersion: 2 });
});

test('a reader that stops reading is no error', async () => {
  const { stdout, stderr } = await shell(`{ ${PLAN}; echo "exit code $?" >&2; } | head -c 2`);
  expect({ stdout, stderr }).toEqual({ stdout: '{\n', stderr: 'exit code 0\n' });
});
