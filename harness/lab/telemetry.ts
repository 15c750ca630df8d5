import type Docker from 'dockerode';
import { Intake } from '../history/intake.ts';
import type { HistoryRecord } from '../history/records.ts';
import type { Writer } from '../history/writers.ts';
import { withDeadline } from '../time/deadline.ts';
import { monotonicMs } from '../time/monotonic.ts';
import { followLog } from './containers/follow-log.ts';
import { LIMITS } from './limits.ts';

export interface TelemetryOptions {
  readonly docker: Docker;
  /** What a container's program is. */
  readonly writerOf: (id: string) => Writer;
  readonly onRecord: (record: HistoryRecord) => void;
  /** Sees every line of every program as it is printed, whether it is a record or not. */
  readonly onLine?: ((id: string, line: string) => void) | undefined;
}

/**
 * Turns what programs print into records of the history, with their source. Lines that are no records stay in the
 * container's log, which is kept with the run.
 */
export class Telemetry {
  readonly #options: TelemetryOptions;
  readonly #intake: Intake;
  readonly #ended = new Map<string, Promise<void>>();

  constructor(options: TelemetryOptions) {
    this.#options = options;
    this.#intake = new Intake({ onRecord: options.onRecord, now: monotonicMs });
  }

  async follow(id: string, containerId: string, sinceSeconds?: number): Promise<void> {
    const { docker, writerOf, onLine } = this.#options;
    const writer = writerOf(id);
    const onLineOf = (line: string): void => {
      onLine?.(id, line);
      this.#intake.take(id, writer, line);
    };
    const { ended } = await followLog(docker, containerId, onLineOf, {
      // A program that was killed while it wrote has torn its last line, which is no fault of its own.
      onLast: (line) => isWhole(line) && onLineOf(line),
      onOverlong: (start) => this.#intake.overlong(id, start),
      ...(sinceSeconds === undefined ? {} : { sinceSeconds }),
    });
    this.#ended.set(
      id,
      ended.then(() => this.#intake.ended(id)),
    );
  }

  /** Resolves when everything that a stopped container printed has been taken. */
  async drained(id: string): Promise<void> {
    await withDeadline(this.#ended.get(id) ?? Promise.resolve(), LIMITS.logEndMs, `the end of ${id}'s log`);
  }
}

function isWhole(line: string): boolean {
  try {
    JSON.parse(line);
    return true;
  } catch {
    return false;
  }
}
