import { readFileSync } from 'node:fs';
import type { Router } from '../fabric/router.ts';
import type { HistoryRecord } from '../history/records.ts';
import { startLagSampler } from '../time/lag-sampler.ts';
import { monotonicMs } from '../time/monotonic.ts';

const QUEUE_INTERVAL_MS = 250;
const HOST_INTERVAL_MS = 500;
const LAG_RESOLUTION_MS = 5;

/** Samples every router's queue and the machine itself until disposed. A sample that fails is reported once. */
export class Sampler implements Disposable {
  readonly #timers: NodeJS.Timeout[] = [];

  constructor(
    routers: readonly Router[],
    onRecord: (record: HistoryRecord) => void,
    onTrouble: (error: Error) => void,
  ) {
    for (const router of routers) {
      // Where Toxiproxy shapes there is no queue to look into.
      if (router.shaping !== 'kernel') continue;
      let busy = false;
      let reported = '';
      this.#every(QUEUE_INTERVAL_MS, async () => {
        if (busy) return;
        busy = true;
        try {
          const sample = await router.shell.queue();
          onRecord({ kind: 'queue', t: monotonicMs(), source: router.id, ...sample });
        } catch (error) {
          const { message } = error as Error;
          // Four a second, of an engine that is gone.
          if (this.#timers.length > 0 && message !== reported) onTrouble(error as Error);
          reported = message;
        } finally {
          busy = false;
        }
      });
    }
    this.#host(onRecord);
  }

  #host(onRecord: (record: HistoryRecord) => void): void {
    const lag = startLagSampler(LAG_RESOLUTION_MS);
    let before = cpuTimes();
    this.#every(HOST_INTERVAL_MS, async () => {
      const now = cpuTimes();
      const total = now.total - before.total;
      const lagP99Ms = lag.take();
      if (total <= 0) return;
      onRecord({
        kind: 'host',
        t: monotonicMs(),
        source: 'harness',
        busyShare: 1 - (now.idle - before.idle) / total,
        stealShare: (now.steal - before.steal) / total,
        lagP99Ms,
      });
      before = now;
    });
  }

  #every(ms: number, sample: () => Promise<void>): void {
    this.#timers.push(setInterval(() => void sample(), ms));
  }

  [Symbol.dispose](): void {
    for (const timer of this.#timers.splice(0)) clearInterval(timer);
  }
}

/** Jiffies of all CPUs since boot, from /proc/stat (proc(5)). Waiting for the disk is idle; stolen time is not. */
function cpuTimes(): { total: number; idle: number; steal: number } {
  const [line = ''] = readFileSync('/proc/stat', 'utf8').split('\n', 1);
  const [user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0, steal = 0] = line
    .split(/\s+/)
    .slice(1)
    .map(Number);
  return { total: user + nice + system + idle + iowait + irq + softirq + steal, idle: idle + iowait, steal };
}
