import { setTimeout as delay } from 'node:timers/promises';
import type { Router } from '../fabric/router.ts';
import type { TriggerEnd } from '../history/records.ts';
import { monotonicMs } from '../time/monotonic.ts';

/** How exactly the end is known, and how often the queue is looked at at least. */
const POLL_MS = { least: 25, most: 250 } as const;

/**
 * Waits until every byte that stood in the replication router's queue when the routes were restored has left it.
 * The queue is first in, first out, so no misrouted byte is left then, although native copies may keep it from
 * ever being empty.
 *
 * @param fault the misroute's id
 * @param routesRestoredAt when the restored routes were read back
 * @returns null when that did not happen within `limitMs`
 */
export async function awaitTriggerEnd(
  router: Router,
  fault: string,
  routesRestoredAt: number,
  limitMs: number,
  signal: AbortSignal,
): Promise<TriggerEnd | null> {
  const atRestore = await router.shell.queue();
  const rateBits = await router.shell.rateBits();
  const target = atRestore.frameBytes + atRestore.backlogBytes;
  const deadline = monotonicMs() + limitMs;
  while (monotonicMs() < deadline) {
    const now = await router.shell.queue();
    if (now.frameBytes >= target || now.backlogBytes === 0) {
      return {
        kind: 'trigger.end',
        t: monotonicMs(),
        source: router.id,
        fault,
        routesRestoredAt,
        backlogAtRestoreBytes: atRestore.backlogBytes,
        drainedAt: monotonicMs(),
      };
    }
    await delay(pauseMs(target - now.frameBytes, rateBits), undefined, { signal });
  }
  return null;
}

/**
 * How long to wait before the queue is looked at again, ms: half as long as the rest takes at the router's rate, which is
 * before its end, however often. Each look is a request through the engine, and this is the second in which everybody
 * searches: at even steps of 25 ms the looks of a queue of some seconds would be a part of the load that is measured.
 *
 * @param bytesToGo bytes of frames that have not left yet
 * @param rateBits bit/s of frames
 */
export function pauseMs(bytesToGo: number, rateBits: number): number {
  const rest = ((bytesToGo * 8) / rateBits) * 1000;
  return Math.min(POLL_MS.most, Math.max(POLL_MS.least, rest / 2));
}
