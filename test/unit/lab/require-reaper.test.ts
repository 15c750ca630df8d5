import type Docker from 'dockerode';
import { expect, test } from 'vitest';
import { EnvironmentError } from '../../../harness/lab/environment-error.ts';
import { requireReaper } from '../../../harness/lab/require-reaper.ts';

/** An engine whose answer about a container is this. */
const engine = (inspect: () => Promise<unknown>): Docker =>
  ({ getContainer: () => ({ inspect }) }) as unknown as Docker;
const answer = (running: boolean, labels: Readonly<Record<string, string>>) => () =>
  Promise.resolve({ State: { Running: running }, Config: { Labels: labels } });
const OURS = { TESTCONTAINERS_RYUK_TEST_LABEL: 'true' };

test('a reaper of this run’s own that runs is enough', async () => {
  await requireReaper(engine(answer(true, OURS)), 'reaper-1');
});

test.each([
  [
    'there is none',
    () => Promise.reject(Object.assign(new Error('no such container'), { statusCode: 404 })),
    /made no/,
  ],
  ['it has ended', answer(false, OURS), /has ended/],
  ['it is another’s', answer(true, {}), /not this run’s/],
] as const)('%s: nothing may start, and what to do is told', async (_, inspect, why) => {
  const error = await requireReaper(engine(inspect), 'reaper-1').catch((error: unknown) => error);
  expect(error).toBeInstanceOf(EnvironmentError);
  expect((error as EnvironmentError).message).toMatch(why);
  expect((error as EnvironmentError).remedy).toMatch(/TESTCONTAINERS_.*testcontainers\.properties/);
});

test('an engine that fails at it is told as that', async () => {
  const failed = Object.assign(new Error('server error'), { statusCode: 500 });
  await expect(
    requireReaper(
      engine(() => Promise.reject(failed)),
      'reaper-1',
    ),
  ).rejects.toBe(failed);
});
