import { expect, test } from 'vitest';
import { Admission } from '../../../fixtures/storage/node/admission.ts';

const never = new AbortController().signal;
const now = () => performance.now();
const isPending = async (promise: Promise<unknown>) =>
  (await Promise.race([
    promise.then(() => 'settled'),
    new Promise((resolve) => setTimeout(() => resolve('pending'), 30)),
  ])) === 'pending';

test('without a limit nobody waits', async () => {
  const admission = new Admission(0, now);
  expect(admission.perSecond).toBeNull();
  await Promise.all([admission.turn(never), admission.searchTurn(never)]);
});

test('so many a second, in the order in which they came, and all at once when the limit goes', async () => {
  const admission = new Admission(20, now);
  const order: number[] = [];
  const begun = now();
  await Promise.all([1, 2, 3].map((id) => admission.turn(never).then(() => order.push(id))));
  // The first at once, then one every 50 ms.
  expect(now() - begun).toBeGreaterThan(95);
  expect(order).toEqual([1, 2, 3]);
  admission.throttle(0.001);
  const late = [admission.turn(never), admission.turn(never)];
  expect(await isPending(Promise.all(late))).toBe(true);
  admission.throttle(null);
  await Promise.all(late);
});

test('one that gives up leaves its place to the next', async () => {
  const admission = new Admission(10, now);
  await admission.turn(never);
  const leaving = new AbortController();
  const first = admission.turn(leaving.signal);
  const begun = now();
  const second = admission.turn(never);
  leaving.abort();
  await first;
  await second;
  expect(now() - begun).toBeLessThan(180);
});

test('a search that goes on ends when it is stopped, and waits until it may go on', async () => {
  const admission = new Admission(null, now);
  const search = admission.whileAllowed(never, (signal) => {
    return new Promise((resolve) => signal.addEventListener('abort', () => resolve('ended')));
  });
  expect(await isPending(search)).toBe(true);
  admission.stop();
  expect(await search).toBe('ended');
  const waiting = admission.searchTurn(never);
  expect(await isPending(waiting)).toBe(true);
  // Asking the control plane is no search.
  await admission.turn(never);
  admission.resume();
  await waiting;
  expect(admission.isStopped).toBe(false);
});

test('who waits for the search is released by its own signal', async () => {
  const admission = new Admission(null, now);
  admission.stop();
  const leaving = new AbortController();
  const waiting = admission.searchTurn(leaving.signal);
  leaving.abort();
  await waiting;
});
