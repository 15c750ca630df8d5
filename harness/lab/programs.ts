import type { ProgramControl } from '../action/action.ts';
import type { HistoryRecord, OperatedRecord } from '../history/records.ts';
import { type OperatorLine, type OperatorOrder, type OperatorState, subjectOf } from '../scenario/operator-order.ts';
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

/** For the answer of a program. */
interface Waiting {
  readonly container: string;
  readonly isAct: boolean;
  readonly resolve: (answer: OperatedRecord) => void;
  readonly reject: (error: Error) => void;
}

/**
 * How operators reach the programs of a lab: each one's stdin, which the engine carries. Answers are records that the
 * programs print. Spares are kept here until they are begun.
 */
export class Programs implements ProgramControl, Disposable {
  readonly #options: ProgramsOptions;
  readonly #holds = new Map<string, Hold>();
  readonly #spares = new Map<string, () => Promise<void>>();
  /** By program and subject the order that is in force or asked for, which a program that is started again has forgotten. */
  readonly #states = new Map<string, Map<string, string>>();
  readonly #waiting = new Map<string, Waiting>();
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

  /**
   * A program that was started again is told the states that are in force. An act that it has not answered is not
   * repeated: how much of it was done is unknown. `onReady`: once it has printed that it is.
   */
  restarted(id: string, hold: Hold, onReady: () => void): void {
    this.attach(id, hold);
    this.#starting.set(id, onReady);
    hold.release();
    for (const line of this.#states.get(id)?.values() ?? []) hold.say(line);
    for (const { container, isAct, reject } of this.#waiting.values()) {
      if (container === id && isAct) reject(new Error(`${id} was started again before it had answered`));
    }
  }

  /** To be shown every record that a container prints. */
  take(record: HistoryRecord): void {
    if (record.kind === 'ready') {
      this.#starting.get(record.source)?.();
      this.#starting.delete(record.source);
    }
    if (record.kind === 'operated') this.#waiting.get(`${record.source} ${record.id}`)?.resolve(record);
  }

  async running(ids: readonly string[]): Promise<readonly string[]> {
    const running = await Promise.all(ids.map(async (id) => !this.#spares.has(id) && this.#options.isRunning(id)));
    return ids.filter((_, i) => running[i]);
  }

  async tell(container: string, actionId: string, order: OperatorOrder): Promise<OperatorState> {
    const hold = this.#holds.get(container);
    if (hold === undefined) throw new Error(`nobody can speak to ${container}`);
    const key = `${container} ${actionId}`;
    const subject = subjectOf(order);
    const line = JSON.stringify({ id: actionId, order } satisfies OperatorLine);
    const { promise, resolve, reject } = Promise.withResolvers<OperatedRecord>();
    const takeBack = subject === null ? () => undefined : this.#keep(container, subject, line);
    this.#waiting.set(key, { container, isAct: subject === null, resolve, reject });
    try {
      hold.say(line);
      const { gone } = this.#options;
      const limitMs = order.do === 'restore' ? LIMITS.restoreMs : LIMITS.operatorMs;
      const { problem, state } = await withDeadline(promise, limitMs, `the answer of ${container}`, gone);
      if (problem !== null) throw new Error(problem);
      return state;
    } catch (error) {
      takeBack();
      throw error;
    } finally {
      this.#waiting.delete(key);
    }
  }

  /** From now on in force for a program; what is returned puts back what was before, unless something came later. */
  #keep(container: string, subject: string, line: string): () => void {
    const states = this.#states.get(container) ?? new Map<string, string>();
    this.#states.set(container, states);
    const before = states.get(subject);
    states.set(subject, line);
    return () => {
      if (states.get(subject) !== line) return;
      if (before === undefined) states.delete(subject);
      else states.set(subject, before);
    };
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
