import { setTimeout as delay } from 'node:timers/promises';
import { monotonicMs } from '../../harness/time/monotonic.ts';

const POLL_MS = 20;

/** Resolves when the condition holds. @throws Error when it has not within `limitMs` */
export async function until(
  what: string,
  condition: () => Promise<boolean> | boolean,
  limitMs = 15_000,
): Promise<void> {
  const deadline = monotonicMs() + limitMs;
  while (!(await condition())) {
    if (monotonicMs() > deadline) throw new Error(`waited ${limitMs} ms in vain: ${what}`);
    await delay(POLL_MS);
  }
}
