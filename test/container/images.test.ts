import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { connectEngine } from '../../harness/lab/engine/connect.ts';
import { RECIPES } from '../../harness/lab/images/recipes.ts';

afterEach(() => {
  vi.unstubAllEnvs();
});

async function context() {
  const docker = await connectEngine();
  if (docker === null) throw new Error('no engine');
  const told: string[] = [];
  const need = (): Promise<string> => Promise.reject(new Error('no base either'));
  return { docker, told, need, progress: (line: string) => told.push(line) };
}

test('a pull that failed says why, before anything else is tried and when that fails too', async () => {
  // Nobody listens there: what a wrong name of a mirror comes to.
  vi.stubEnv('ZONESTORM_IMAGE_NODE', '127.0.0.1:9/node:24');
  const { told, ...asked } = await context();
  const why = /image 127\.0\.0\.1:9\/node:24 cannot be pulled: .*connection refused/;
  await expect(RECIPES.runtime.build(asked, 'zonestorm/none:1')).rejects.toThrow(
    new RegExp(`^no base either \\(${why.source}`),
  );
  expect(told).toEqual(['pulling image 127.0.0.1:9/node:24', expect.stringMatching(why)]);
});

test('nothing is installed on this machine without asking', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'zonestorm-path-'));
  try {
    // A machine without mmdebstrap, whose apt-get writes down that it was called.
    await writeFile(join(folder, 'apt-get'), `#!/bin/sh\necho "$@" >> ${folder}/called\nexit 1\n`);
    await chmod(join(folder, 'apt-get'), 0o755);
    vi.stubEnv('PATH', folder);
    const called = (): Promise<string> => readFile(join(folder, 'called'), 'utf8').catch(() => '');
    const { told: _, ...asked } = await context();
    const questions: string[] = [];
    const mayInstall = (answer: boolean) => (what: string) => {
      questions.push(what);
      return Promise.resolve(answer);
    };
    const base = RECIPES.base.build({ ...asked, mayInstall: mayInstall(false) }, 'zonestorm/none:1');
    await expect(base).rejects.toThrow(/mmdebstrap is not installed; run again with --yes to install/);
    expect(await called()).toBe('');
    expect(questions).toHaveLength(1);
    // In CI nobody is asked, and elsewhere nobody is there to be.
    vi.stubEnv('CI', 'false');
    await expect(RECIPES.base.build(asked, 'zonestorm/none:1')).rejects.toThrow(/is not installed/);
    expect(await called()).toBe('');
    const allowed = RECIPES.base.build({ ...asked, mayInstall: mayInstall(true) }, 'zonestorm/none:1');
    await expect(allowed).rejects.toThrow(/apt-get .*update failed/);
    expect(await called()).toContain('update');
  } finally {
    await rm(folder, { recursive: true });
  }
});
