import { expect, test } from 'vitest';
import { isTooMuchLost, untilEnoughIsThere, whileEnoughIsThere } from '../../../fixtures/storage/node/remirror-stop.ts';
import { testConfig } from './test-config.ts';

/** A node with a heartbeat of 5 ms that has lost `lost` of its peers. */
const node = (remirrorStopShare: number, lost: number) => {
  const { storage: settings } = testConfig({ storage: { remirrorStopShare, heartbeatMs: 5 } });
  const view = { settings, lost, lostShare: () => view.lost };
  return view;
};
const never = new AbortController().signal;
const isPending = async (promise: Promise<unknown>) =>
  (await Promise.race([promise, new Promise((resolve) => setTimeout(() => resolve('pending'), 40))])) === 'pending';

test('more than the share stops it, the share itself does not, and 1 never does', () => {
  expect([0, 2 / 7, 0.5].map((lost) => isTooMuchLost(node(2 / 7, lost)))).toEqual([false, false, true]);
  expect(isTooMuchLost(node(1, 1))).toBe(false);
});

test('it begins once enough peers are there again', async () => {
  const view = node(0.25, 0.5);
  const waiting = untilEnoughIsThere(view, never);
  expect(await isPending(waiting)).toBe(true);
  view.lost = 0.25;
  expect(await isPending(waiting)).toBe(false);
});

test('a search under way ends when more peers are lost, and the wait when it is stopped', async () => {
  const view = node(0.25, 0);
  const search = whileEnoughIsThere(view, never, (signal) => {
    return new Promise((resolve) => signal.addEventListener('abort', () => resolve('ended')));
  });
  expect(await isPending(search)).toBe(true);
  view.lost = 1;
  expect(await search).toBe('ended');
  const stopping = new AbortController();
  const waiting = untilEnoughIsThere(view, stopping.signal);
  stopping.abort();
  expect(await isPending(waiting)).toBe(false);
});

test('without a limit the search gets the signal it was given', async () => {
  expect(await whileEnoughIsThere(node(1, 1), never, async (signal) => signal)).toBe(never);
});
