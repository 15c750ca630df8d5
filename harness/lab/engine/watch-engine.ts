import { setTimeout as delay } from 'node:timers/promises';
import type Docker from 'dockerode';
import { withDeadline } from '../../time/deadline.ts';
import { monotonicMs } from '../../time/monotonic.ts';
import { EnvironmentError } from '../environment-error.ts';
import { LIMITS } from '../limits.ts';

/** Pings in a row without an answer from which on the engine was away; one that is late was just late. */
const AWAY_AFTER_PINGS = 2;

export interface EngineWatchTimes {
  /** How often it is asked. */
  readonly everyMs: number;
  /** How long one answer may take. */
  readonly pingMs: number;
  /** Without an answer for so long it is gone for good. */
  readonly goneMs: number;
  /** For so long after it has come back, what fails may have failed because it had been away. */
  readonly afterMs: number;
}

const TIMES: EngineWatchTimes = {
  everyMs: LIMITS.engineWatchMs,
  pingMs: LIMITS.enginePingMs,
  goneMs: LIMITS.engineGoneMs,
  afterMs: LIMITS.putBackMs,
};

/**
 * Asks the engine every two seconds whether it is there, until disposed. Without it a run could put back little and
 * remove nothing, and would wait for answers that never come.
 */
export class EngineWatch implements Disposable {
  readonly #docker: Docker;
  readonly #times: EngineWatchTimes;
  readonly #gone = new AbortController();
  readonly #ended = new AbortController();
  #answeredAt = monotonicMs();
  /** Since it answered last. */
  #missedInARow = 0;
  #why: string | null = null;
  /** The last time that it was away, and when it was back. */
  #away: { readonly why: string; readonly untilMs: number } | null = null;

  constructor(docker: Docker, times: EngineWatchTimes = TIMES) {
    this.#docker = docker;
    this.#times = times;
    void this.#watch();
  }

  /** Aborted, with an {@link EnvironmentError}, once no ping has been answered for `LIMITS.engineGoneMs`. */
  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  /**
   * Why it did not answer, where that may be why something else fails now: it does not answer, or was away for more
   * than one ping and has not been back for long. `null`: it is there.
   */
  get missed(): string | null {
    if (this.#why !== null) return this.#why;
    if (this.#away === null || monotonicMs() - this.#away.untilMs > this.#times.afterMs) return null;
    return this.#away.why;
  }

  /** Whether it answers now. */
  async answers(): Promise<boolean> {
    try {
      await withDeadline(this.#docker.ping(), this.#times.pingMs, 'its answer to a ping');
      this.#answered();
      return true;
    } catch (error) {
      this.#why ??= (error as Error).message;
      this.#missedInARow += 1;
      return false;
    }
  }

  #answered(): void {
    this.#answeredAt = monotonicMs();
    if (this.#why !== null && this.#missedInARow >= AWAY_AFTER_PINGS) {
      this.#away = { why: this.#why, untilMs: this.#answeredAt };
    }
    this.#why = null;
    this.#missedInARow = 0;
  }

  async #watch(): Promise<void> {
    while (!this.#ended.signal.aborted) {
      if (!(await this.answers()) && monotonicMs() - this.#answeredAt >= this.#times.goneMs) {
        this.#gone.abort(engineGone(this.#why));
        return;
      }
      await delay(this.#times.everyMs, undefined, { signal: this.#ended.signal }).catch(() => undefined);
    }
  }

  [Symbol.dispose](): void {
    this.#ended.abort();
  }
}

/**
 * @param why of the first ping that was not answered
 * @param cause what failed because of it
 */
export function engineGone(why: string | null, cause?: Error): EnvironmentError {
  return new EnvironmentError(
    `the Docker engine stopped answering during the run (${why ?? 'no reason known'})` +
      (cause === undefined ? '' : `: ${cause.message}`),
    'Read its log, start it again, and run the command again.',
    { cause },
  );
}
