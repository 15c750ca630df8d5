import type { ActionTarget } from '../action/action.ts';
import { ACTIONS, carryOut } from '../action/catalogue.ts';
import type { ActionRecord, HistoryRecord } from '../history/records.ts';
import { BadInputError, type Problem, problemAt, throwIfAny } from '../scenario/bad-input-error.ts';
import { drawAction } from '../scenario/draw-actions.ts';
import { expectedName } from '../scenario/nearest-name.ts';
import type { Plan, PlanAction } from '../scenario/plan.ts';
import { parseYaml } from '../scenario/yaml-source.ts';
import { zodProblems } from '../scenario/zod-problems.ts';
import { monotonicMs } from '../time/monotonic.ts';

export interface OperatorOptions {
  readonly plan: Plan;
  readonly target: ActionTarget;
  readonly onRecord: (record: HistoryRecord) => void;
  /** The run is given up: nothing more is begun, and what waits between two steps ends. */
  readonly signal: AbortSignal;
}

/** How an action ended. */
export interface Performed {
  readonly id: string;
  readonly description: string;
  readonly isDone: boolean;
  /** What was read back, or what went wrong. */
  readonly readBack: string;
}

/** Carries actions out, by the plan or from a terminal, and enters each into the history. */
export class Operator {
  readonly #options: OperatorOptions;
  readonly #counts = new Map<string, number>();

  constructor(options: OperatorOptions) {
    this.#options = options;
    for (const { kind } of options.plan.phases.flatMap(({ actions }) => actions)) this.#nextId(kind);
  }

  /** Never rejects: an action that fails is a record, and for the measurement a problem. */
  async perform(action: PlanAction, by: ActionRecord['by']): Promise<Performed> {
    const { target, signal } = this.#options;
    const { id, description } = action;
    this.#note(action, by, 'asked', null);
    try {
      const readBack = await carryOut(action, target, signal);
      this.#note(action, by, 'done', readBack);
      return { id, description, isDone: true, readBack };
    } catch (error) {
      const readBack = error instanceof Error ? error.message : String(error);
      this.#note(action, by, 'failed', readBack);
      return { id, description, isDone: false, readBack };
    }
  }

  /** Its phase has ended before its time. */
  skip(action: PlanAction): void {
    this.#note(action, 'schedule', 'skipped', null);
  }

  /**
   * The action that somebody at a terminal asks for: its kind, and its words as `key=value`.
   * @throws BadInputError for what is not one, or does not fit this run's plan
   */
  read(kind: string, pairs: readonly string[]): PlanAction {
    const file = ['operate', kind, ...pairs].join(' ');
    const at = { file, line: 1, column: 1 };
    const language = ACTIONS.find((one) => one.kind === kind);
    if (language === undefined) {
      const kinds = ACTIONS.map((one) => one.kind);
      throw new BadInputError(problemAt(at, `the action \`${kind}\``, expectedName(kind, kinds, 'action')));
    }
    const bad = pairs.find((pair) => pair.indexOf('=') <= 0);
    if (bad !== undefined) throw new BadInputError(problemAt(at, `\`${bad}\``, 'key=value'));
    // As YAML, so that a number is one and mistakes have a place.
    const source = parseYaml(file, pairs.map((pair) => `${pair.replace('=', ': ')}\n`).join(''));
    const words = language.words.safeParse(source.value ?? {});
    if (!words.success) {
      throwIfAny(zodProblems(words.error, source));
      throw words.error;
    }
    const problems: Problem[] = [];
    const placeOf = ([, ...path]: readonly PropertyKey[]) => (path.length === 0 ? at : source.placeOf(path));
    const drawn = drawAction(
      { kind, words: words.data, at: null, placeOf },
      {
        language: ACTIONS,
        laid: this.#options.plan,
        seed: this.#options.plan.seed,
        label: `terminal/${kind}/${this.#counts.get(kind) ?? 0}`,
        givenTime: null,
        phaseSecondsMax: null,
        problems,
        nextId: (one) => this.#nextId(one),
      },
    );
    throwIfAny(problems);
    if (drawn === null) throw new Error(`${kind} came to nothing`);
    return drawn;
  }

  #nextId(kind: string): string {
    const count = (this.#counts.get(kind) ?? 0) + 1;
    this.#counts.set(kind, count);
    return `${kind}-${count}`;
  }

  #note(
    { id, kind, zone, description }: PlanAction,
    by: ActionRecord['by'],
    state: ActionRecord['state'],
    readBack: string | null,
  ): void {
    const { onRecord } = this.#options;
    const t = monotonicMs();
    onRecord({
      kind: 'action',
      t,
      source: 'harness',
      id,
      action: kind,
      zone,
      by,
      state,
      detail: description,
      readBack,
    });
  }
}
