import type Docker from 'dockerode';
import type { HistoryRecord } from '../history/records.ts';
import { withDeadline } from '../time/deadline.ts';
import { followLog } from './containers/follow-log.ts';
import { LIMITS } from './limits.ts';

/**
 * Turns what programs print into records of the history, with their source. Lines that are no records stay in the
 * container's log, which is kept with the run.
 */
export class Telemetry {
  readonly #docker: Docker;
  readonly #onRecord: (record: HistoryRecord) => void;
  readonly #ended = new Map<string, Promise<void>>();

  constructor(docker: Docker, onRecord: (record: HistoryRecord) => void) {
    this.#docker = docker;
    this.#onRecord = onRecord;
  }

  async follow(id: string, containerId: string, sinceSeconds?: number): Promise<void> {
    const { ended } = await followLog(this.#docker, containerId, (line) => this.#take(id, line), sinceSeconds);
    this.#ended.set(id, ended);
  }

  /** Resolves when everything that a stopped container printed has been taken. */
  async drained(id: string): Promise<void> {
    await withDeadline(this.#ended.get(id) ?? Promise.resolve(), LIMITS.logEndMs, `the end of ${id}'s log`);
  }

  #take(source: string, line: string): void {
    if (!line.startsWith('{')) return;
    let record: HistoryRecord;
    try {
      record = { ...(JSON.parse(line) as HistoryRecord), source };
    } catch {
      return;
    }
    if (typeof record.kind === 'string' && typeof record.t === 'number') this.#onRecord(record);
  }
}
