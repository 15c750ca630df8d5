import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { awaitRest } from '../../../harness/run/await-rest.ts';
import { monotonicMs } from '../../../harness/time/monotonic.ts';

const never = new AbortController().signal;

test('waits for a machine that comes to rest, and no longer', async () => {
  const live = { machineRests: false };
  const rest = awaitRest(live, 10_000, never);
  await delay(150);
  live.machineRests = true;
  const from = monotonicMs();
  expect(await rest).toBe(true);
  expect(monotonicMs() - from).toBeLessThan(2_000);
});

test('begins in any case when the limit is over', async () => {
  expect(await awaitRest({ machineRests: false }, 120, never)).toBe(false);
});

test('a run that is interrupted does not wait', async () => {
  const abort = new AbortController();
  const rest = awaitRest({ machineRests: false }, 60_000, abort.signal);
  abort.abort('interrupted');
  await expect(rest).rejects.toThrow();
});
