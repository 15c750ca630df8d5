import { expect, test } from 'vitest';
import { ResyncLimit } from '../../../fixtures/storage/node/resync-limit.ts';

const never = new AbortController().signal;
const ended = () => new Promise((resolve) => setImmediate(resolve));

test('at most so many run, the others in the order in which they came', async () => {
  const limit = new ResyncLimit(2);
  const began: number[] = [];
  const ends: (() => void)[] = [];
  for (const id of [1, 2, 3, 4]) {
    void limit.begin(never).then((end) => {
      began.push(id);
      if (end !== null) ends.push(end);
    });
  }
  await ended();
  expect(began).toEqual([1, 2]);
  ends[0]?.();
  // Said twice, it gives no second place away.
  ends[0]?.();
  await ended();
  expect(began).toEqual([1, 2, 3]);
  ends[1]?.();
  await ended();
  expect(began).toEqual([1, 2, 3, 4]);
  ends[2]?.();
  ends[3]?.();
  expect(await limit.begin(never)).not.toBeNull();
});

test('one that is stopped while it waits takes no place', async () => {
  const limit = new ResyncLimit(1);
  const first = await limit.begin(never);
  const stopping = new AbortController();
  const stopped = limit.begin(stopping.signal);
  const last = limit.begin(never);
  stopping.abort();
  expect(await stopped).toBeNull();
  expect(await limit.begin(stopping.signal)).toBeNull();
  first?.();
  expect(await last).not.toBeNull();
});

test('0 is no bound', async () => {
  const limit = new ResyncLimit(0);
  const all = await Promise.all(Array.from({ length: 100 }, () => limit.begin(never)));
  expect(all.every((end) => end !== null)).toBe(true);
});
