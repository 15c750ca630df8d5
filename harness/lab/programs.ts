import type { ProgramControl } from '../action/action.ts';
import type { HistoryRecord, OperatedRecord } from '../history/records.ts';
import type { OperatorLine, OperatorOrder, OperatorState } from '../scenario/operator-order.ts';
import type { Plan } from '../scenario/plan.ts';
import { withDeadline } from '../time/deadline.ts';
import type { Hold } from './containers/hold.ts';
import { LIMITS } from './limits.ts';

export interface ProgramsOptions {
  readonly plan: Plan;
  readonly isRunning: (id: string) => Promise<boolean>;
  /** Aborted when the engine is dead: nothing waits for it any longer. */
  readonly gone: AbortSignal;
}

/**
 * How operators reach the programs of a lab: each one's stdin, which the engine carries. Answers are records that the
 * programs print. Spares are kept here until they are begun.
 */
export class Programs implements ProgramControl, Disposable {
  readonly #options: ProgramsOptions;
  readonly #holds = new Map<string, Hold>();
  readonly #spares = new Map<string, () => Promise<void>>();
  /** What each program was told, which one that is started again has forgotten. */
  readonly #said = new Map<string, string[]>();
  readonly #waiting = new Map<string, (answer: OperatedRecord) => void>();
  /** Of programs that are started again, until they are ready. */
  readonly #starting = new Map<string, () => void>();

  constructor(options: ProgramsOptions) {
    this.#options = options;
  }

  /** A program's stdin, of its first start or of a later one. */
  attach(id: string, hold: Hold): void {
    this.#holds.set(id, hold);
  }

  /** A spare whose container has started; `begin` lets its program begin and settles when that is ready. */
  keep(spare: string, begin: () => Promise<void>): void {
    this.#spares.set(spare, begin);
  }

  /** One that was killed does not get ready any more, whatever it had printed by then. */
  killed(id: string): void {
    this.#starting.delete(id);
  }

  /** A program that was started again is told again what it had been told. `onReady`: once it has printed that it is. */
  restarted(id: string, hold: Hold, onReady: () => void): void {
    this.attach(id, hold);
    this.#starting.set(id, onReady);
    hold.release();
    for (const line of this.#said.get(id) ?? []) hold.say(line);
  }

  /** To be shown every record that a container prints. */
  take(record: HistoryRecord): void {
    if (record.kind === 'ready') {
      this.#starting.get(record.source)?.();
      this.#starting.delete(record.source);
    }
    if (record.kind === 'operated') this.#waiting.get(`${record.source} ${record.id}`)?.(record);
  }

  async running(ids: readonly string[]): Promise<readonly string[]> {
    const running = await Promise.all(ids.map(async (id) => !this.#spares.has(id) && this.#options.isRunning(id)));
    return ids.filter((_, i) => running[i]);
  }

  async tell(container: string, actionId: string, order: OperatorOrder): Promise<OperatorState> {
    const hold = this.#holds.get(container);
    if (hold === undefined) throw new Error(`nobody can speak to ${container}`);
    const key = `${container} ${actionId}`;
    const { promise, resolve } = Promise.withResolvers<OperatedRecord>();
    this.#waiting.set(key, resolve);
    try {
      const line = JSON.stringify({ id: actionId, order } satisfies OperatorLine);
      this.#said.set(container, [...(this.#said.get(container) ?? []), line]);
      hold.say(line);
      const { gone } = this.#options;
      const limitMs = order.do === 'restore' ? LIMITS.restoreMs : LIMITS.operatorMs;
      const { problem, state } = await withDeadline(promise, limitMs, `the answer of ${container}`, gone);
      if (problem !== null) throw new Error(problem);
      return state;
    } finally {
      this.#waiting.delete(key);
    }
  }

  spares(zone: string): readonly string[] {
    const { containers } = this.#options.plan;
    return containers.filter((one) => one.zone === zone && this.#spares.has(one.id)).map(({ id }) => id);
  }

  async begin(spare: string): Promise<void> {
    const begin = this.#spares.get(spare);
    if (begin === undefined) throw new Error(`${spare} is no spare`);
    // From now on it is a node, whether it gets ready or not.
    this.#spares.delete(spare);
    await withDeadline(begin(), LIMITS.readyMs, `the start of ${spare}`, this.#options.gone);
  }

  [Symbol.dispose](): void {
    for (const hold of this.#holds.values()) hold.end();
  }
}
