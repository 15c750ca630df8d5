import { setTimeout as delay } from 'node:timers/promises';
import type { Router } from '../fabric/router.ts';
import type { TriggerEnd } from '../history/records.ts';
import { monotonicMs } from '../time/monotonic.ts';

const POLL_MS = 25;

/**
 * Waits until every byte that stood in the replication router's queue when the routes were restored has left it.
 * The queue is first in, first out, so no misrouted byte is left then, although native copies may keep it from
 * ever being empty.
 *
 * @param routesRestoredAt when the restored routes were read back
 * @returns null when that did not happen within `limitMs`
 */
export async function awaitTriggerEnd(
  router: Router,
  routesRestoredAt: number,
  limitMs: number,
  signal: AbortSignal,
): Promise<TriggerEnd | null> {
  const atRestore = await router.shell.queue();
  const target = atRestore.frameBytes + atRestore.backlogBytes;
  const deadline = monotonicMs() + limitMs;
  while (monotonicMs() < deadline) {
    const now = await router.shell.queue();
    if (now.frameBytes >= target || now.backlogBytes === 0) {
      return {
        kind: 'trigger.end',
        t: monotonicMs(),
        source: router.id,
        routesRestoredAt,
        backlogAtRestoreBytes: atRestore.backlogBytes,
        drainedAt: monotonicMs(),
      };
    }
    await delay(POLL_MS, undefined, { signal });
  }
  return null;
}
