import { setTimeout as delay } from 'node:timers/promises';
import type Docker from 'dockerode';
import { withDeadline } from '../../time/deadline.ts';
import { monotonicMs } from '../../time/monotonic.ts';
import { EnvironmentError } from '../environment-error.ts';
import { LIMITS } from '../limits.ts';

/**
 * Asks the engine every two seconds whether it is there, until disposed. Without it a run could put back little and
 * remove nothing, and would wait for answers that never come.
 */
export class EngineWatch implements Disposable {
  readonly #docker: Docker;
  readonly #gone = new AbortController();
  readonly #ended = new AbortController();
  #answeredAt = monotonicMs();
  #missed: string | null = null;

  constructor(docker: Docker) {
    this.#docker = docker;
    void this.#watch();
  }

  /** Aborted, with an {@link EnvironmentError}, once no ping has been answered for `LIMITS.engineGoneMs`. */
  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  /** Why it once did not answer, also when it has come back since; `null`: it always did. */
  get missed(): string | null {
    return this.#missed;
  }

  /** Whether it answers now. */
  async answers(): Promise<boolean> {
    try {
      await withDeadline(this.#docker.ping(), LIMITS.enginePingMs, 'its answer to a ping');
      this.#answeredAt = monotonicMs();
      return true;
    } catch (error) {
      this.#missed ??= (error as Error).message;
      return false;
    }
  }

  async #watch(): Promise<void> {
    while (!this.#ended.signal.aborted) {
      if (!(await this.answers()) && monotonicMs() - this.#answeredAt >= LIMITS.engineGoneMs) {
        this.#gone.abort(engineGone(this.#missed));
        return;
      }
      await delay(LIMITS.engineWatchMs, undefined, { signal: this.#ended.signal }).catch(() => undefined);
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
