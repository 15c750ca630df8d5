import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type Docker from 'dockerode';
import { expect, test } from 'vitest';
import { remedyOfLog } from '../../../harness/lab/containers/kept-log.ts';
import { PROJECT } from '../../../harness/lab/project.ts';
import { tryInContainer } from '../../../harness/lab/try-in-container.ts';

const REFUSED = "(HTTP code 400) logger: max-buffer-size option is only supported with 'mode=non-blocking' ";

test('whatever makes a container says how its log is kept', () => {
  const files = globSync('harness/**/*.ts', { cwd: PROJECT });
  const makers = files.filter((file) => /createContainer\(|extends GenericContainer/.test(source(file)));
  expect(makers.length).toBeGreaterThan(5);
  expect(makers.filter((file) => !/LogConfig(:| =) KEPT_LOG/.test(source(file)))).toEqual([]);
});

const source = (file: string): string => readFileSync(join(PROJECT, file), 'utf8');

test('an engine whose own default does not go with it is told, with what to do', async () => {
  expect(remedyOfLog(new Error('no such image'))).toBeNull();
  const docker = { createContainer: () => Promise.reject(new Error(REFUSED)) } as unknown as Docker;
  const trial = tryInContainer({ docker, image: 'any', runId: 'any' }, { command: ['true'], hostConfig: {} });
  await expect(trial).rejects.toMatchObject({
    name: 'EnvironmentError',
    message: expect.stringContaining('max-buffer-size option is only supported'),
    remedy: expect.stringMatching(/daemon\.json/),
  });
});
