import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ensureEngine } from '../../harness/lab/engine/ensure-engine.ts';
import { resolveImage } from '../../harness/lab/images/resolve-images.ts';
import { PROJECT } from '../../harness/lab/project.ts';

const FILES = ['compose/ebs.yaml'];

/** What Debian's docker-compose 1.29 says of a text, without an engine: exit code of `config`. */
async function composeConfig(text: string): Promise<{ code: number; output: string }> {
  const docker = await ensureEngine({ yes: true, progress: console.error });
  const { tag } = await resolveImage({ docker, progress: console.error }, 'tools');
  const container = await docker.createContainer({
    Image: tag,
    Cmd: [
      'sh',
      '-c',
      'printf %s "$COMPOSE_TEXT" > /tmp/compose.yaml && docker-compose -f /tmp/compose.yaml config 2>&1',
    ],
    Env: [`COMPOSE_TEXT=${text}`],
    Labels: { zonestorm: 'true', 'zonestorm.run': 'compose-file-test' },
    HostConfig: { NetworkMode: 'none' },
  });
  await container.start();
  const { StatusCode } = (await container.wait()) as { StatusCode: number };
  const output = (await container.logs({ stdout: true, stderr: true })).toString();
  await container.remove();
  return { code: StatusCode, output };
}

test.each(FILES)('%s is an ordinary Compose file', async (file) => {
  const { code, output } = await composeConfig(await readFile(join(PROJECT, file), 'utf8'));
  expect(code, output).toBe(0);
  expect(output).toContain('use1-a-node');
});

test('a file that is none is told apart', async () => {
  const text = await readFile(join(PROJECT, 'compose/ebs.yaml'), 'utf8');
  const { code } = await composeConfig(text.replace('\nservices:', '\nservces:'));
  expect(code).not.toBe(0);
});
