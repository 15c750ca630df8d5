import type Docker from 'dockerode';
import { EnvironmentError } from '../environment-error.ts';
import { LIMITS } from '../limits.ts';

/** What dockerode hands each of its calls to. */
interface Dialled {
  readonly path: string;
  readonly method: string;
  abortSignal?: AbortSignal;
}
type Answer = (error: Error | null, answer?: unknown) => void;
interface Modem {
  dial(call: Dialled, answer: Answer): void;
}

/**
 * Calls that last as long as what they are about, and no longer than their caller waits: the end of a container, and
 * what makes, moves or loads images.
 */
const LASTING = /^\/(containers\/[^/]+\/wait|build|images\/(create|load|get|[^/]+\/push)|commit|session)\b/;

/** Calls under way, and whom they heed, of each client. */
const states = new WeakMap<object, State>();

class State {
  underWay = 0;
  stop: Stop | null = null;
  /** The last call that was given up at its limit. */
  stalled: EnvironmentError | null = null;
}

/** The error of this client's last call that came to its limit, for those to whom the client's user did not pass it on. */
export const lastStalled = (docker: Docker): EnvironmentError | null =>
  states.get(docker.modem as Modem)?.stalled ?? null;

/**
 * Gives every call of this client a limit until it is answered, `LIMITS.engineCallMs`; of a stream, until it begins. An
 * engine that stalls one kind of call and still answers pings would hold a run for ever. Once is enough.
 *
 * A call that is given up is an {@link EnvironmentError} that names it.
 */
export function boundCalls(docker: Docker): void {
  const modem = docker.modem as Modem;
  if (states.has(modem)) return;
  const state = new State();
  states.set(modem, state);
  const dial = modem.dial.bind(modem);
  modem.dial = (call, answer) => {
    // Whether the engine is there is asked in any case.
    const stop = call.path.startsWith('/_ping') ? null : state.stop;
    if (stop?.signal.aborted === true) return answer(stop.error());
    const lasting = LASTING.test(call.path);
    const abort = new AbortController();
    let over = false;
    const end: Answer = (error, given) => {
      if (over) return;
      over = true;
      clearTimeout(timer);
      stop?.over.signal.removeEventListener('abort', giveUp);
      if (!lasting) state.underWay -= 1;
      stop?.look();
      answer(error, given);
    };
    const fail = (error: Error): void => {
      end(error);
      abort.abort();
    };
    const giveUp = (): void => fail(stop?.error() ?? new Error('stopped'));
    const late = (): void => {
      state.stalled = stalled(call);
      fail(state.stalled);
    };
    const timer = lasting ? undefined : setTimeout(late, LIMITS.engineCallMs);
    if (!lasting) state.underWay += 1;
    stop?.over.signal.addEventListener('abort', giveUp);
    call.abortSignal =
      call.abortSignal === undefined ? abort.signal : AbortSignal.any([abort.signal, call.abortSignal]);
    dial(call, end);
  };
}

function stalled({ method, path }: Dialled): EnvironmentError {
  const [resource = ''] = path.split('?');
  return new EnvironmentError(
    `the Docker engine did not answer ${method} ${resource} within ${LIMITS.engineCallMs / 1000} s`,
    'Read its log, restart it, and run the command again.',
  );
}

/** Until disposed of, the calls of these clients end with a signal, or with the first thing of a start that fails. */
export class Stop implements Disposable {
  readonly signal: AbortSignal;
  readonly #failed = new AbortController();
  /** What is not over by now is given up. */
  readonly over = new AbortController();
  readonly #states: readonly State[];
  #timer: NodeJS.Timeout | undefined;
  readonly #begin = (): void => {
    this.#timer = setTimeout(() => this.over.abort(this.signal.reason), LIMITS.callsEndMs);
    this.look();
  };

  constructor(signal: AbortSignal, clients: readonly Docker[]) {
    this.signal = AbortSignal.any([signal, this.#failed.signal]);
    this.#states = clients.map((docker) => {
      boundCalls(docker);
      const state = states.get(docker.modem as Modem) ?? new State();
      state.stop = this;
      return state;
    });
    if (this.signal.aborted) this.#begin();
    else this.signal.addEventListener('abort', this.#begin, { once: true });
  }

  /**
   * The outcome of something that makes such calls and waits in between. After the signal, or once one such thing has
   * failed, no more calls are made, and it is given up when those under way have been answered, for which they have
   * `LIMITS.callsEndMs`: what the engine is just making can only be removed when it is there.
   */
  async during<T>(work: Promise<T>): Promise<T> {
    const { promise, reject } = Promise.withResolvers<never>();
    const giveUp = (): void => reject(this.error());
    if (this.over.signal.aborted) giveUp();
    else this.over.signal.addEventListener('abort', giveUp, { once: true });
    try {
      return await Promise.race([work, promise]);
    } catch (error) {
      this.#failed.abort(error);
      throw error;
    } finally {
      this.over.signal.removeEventListener('abort', giveUp);
    }
  }

  /** To be called when a call has ended. */
  look(): void {
    if (this.signal.aborted && this.#states.every(({ underWay }) => underWay === 0))
      this.over.abort(this.signal.reason);
  }

  error(): Error {
    const { reason } = this.signal;
    return reason instanceof Error ? reason : new Error(`stopped: ${String(reason)}`);
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.signal.removeEventListener('abort', this.#begin);
    for (const state of this.#states) if (state.stop === this) state.stop = null;
  }
}
