import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type Docker from 'dockerode';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { EXIT, explain } from '../../../harness/cli/exit-code.ts';
import { reportBroken } from '../../../harness/cli/report-broken.ts';
import { makeRunFolder } from '../../../harness/cli/run-folder.ts';
import { HistoryWriter } from '../../../harness/history/append-history.ts';
import { readHistory } from '../../../harness/history/read-history.ts';
import { runScenario } from '../../../harness/run/run-scenario.ts';
import { realisticRun } from '../measure/realistic-run.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'zonestorm-broken-'));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  await rm(dir, { recursive: true, force: true });
});

const { plan } = realisticRun();
const run = (): Promise<unknown> =>
  runScenario({
    docker: { ping: () => Promise.reject(new Error('no engine here')) } as unknown as Docker,
    plan,
    folder: dir,
    engine: { id: '', root: '', address: '' },
    images: {} as never,
    shaping: null,
    sessionLabels: {},
    version: '0',
    progress: () => undefined,
    onRecord: () => undefined,
    signal: AbortSignal.abort('interrupted'),
  }).then(
    () => null,
    (error: unknown) => error,
  );

test('a state folder that cannot be written is the environment’s matter, and the reports say so', async () => {
  vi.stubEnv('XDG_STATE_HOME', '/dev/null/state');
  const error = await run();
  expect(explain(error)).toMatchObject({ code: EXIT.environment, message: expect.stringContaining('XDG_STATE_HOME') });
  await reportBroken(dir, plan, error);
  const junit = await readFile(join(dir, 'junit.xml'), 'utf8');
  expect(junit).toContain('<error');
  expect(junit).toContain('/dev/null/state/zonestorm/journal');
  expect(junit).not.toContain('has no end');
});

test('a history without an end gets one, also after a line that was cut off, and only one', async () => {
  const file = join(dir, 'history.jsonl');
  await writeFile(file, '{"kind":"run.st');
  for (const reason of ['first', 'second']) await reportBroken(dir, plan, new Error(reason));
  const ends = (await readHistory(file)).records.filter(({ kind }) => kind === 'run.end');
  expect(ends).toMatchObject([{ outcome: 'broken', reason: expect.stringContaining('first') }]);
});

test('a history that cannot be written does not keep the run from removing what it started', async () => {
  vi.stubEnv('XDG_STATE_HOME', dir);
  const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
  vi.spyOn(HistoryWriter.prototype, 'append').mockImplementation(() => {
    throw new Error('cannot write the history', { cause: full });
  });
  const { code, message } = explain(await run());
  expect(code).toBe(EXIT.environment);
  expect(message).toContain('cannot write the history: ENOSPC: no space left on device, write');
  // The removal was tried, and says that it could not reach the engine.
  expect(message).toContain('could not be removed');
});

test('a run’s folder that cannot be one is bad usage', async () => {
  const file = join(dir, 'package.json');
  await writeFile(file, '');
  for (const out of [file, join(file, 'below')]) {
    const error = await makeRunFolder(out, 'x', new Date()).catch((failed: unknown) => failed);
    expect(explain(error)).toMatchObject({ code: EXIT.badInput, message: expect.stringContaining(`--out ${out}: `) });
  }
  expect(await readdir(dir)).toEqual(['package.json']);
});
