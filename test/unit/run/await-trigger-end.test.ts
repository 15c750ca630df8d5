import { expect, test } from 'vitest';
import { pauseMs } from '../../../harness/run/await-trigger-end.ts';

/** Looks at a queue that drains at `rateBits` until it is empty; a look that finds it so is `lateMs` after the fact. */
function look(bytes: number, rateBits: number): { looks: number; lateMs: number; longestMs: number } {
  const emptyMs = ((bytes * 8) / rateBits) * 1000;
  let at = 0;
  let looks = 1;
  let longestMs = 0;
  while (at < emptyMs) {
    const pause = pauseMs(bytes * (1 - at / emptyMs), rateBits);
    longestMs = Math.max(longestMs, pause);
    at += pause;
    looks++;
  }
  return { looks, lateMs: at - emptyMs, longestMs };
}

test.each([
  ['nothing to drain', 0, 1],
  ['a moment', 20_000, 4],
  ['two seconds', 850_000, 17],
  ['ten seconds', 4_250_000, 49],
])('%s: the end is known to 25 ms, with few looks', (_, bytes, most) => {
  const { looks, lateMs, longestMs } = look(bytes, 3_400_000);
  expect(lateMs).toBeLessThanOrEqual(25);
  expect(looks).toBeLessThanOrEqual(most);
  // What the rate does not foresee, as another capacity, is noticed soon too.
  expect(longestMs).toBeLessThanOrEqual(250);
});
