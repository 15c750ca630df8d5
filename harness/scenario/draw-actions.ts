import type { ActionLanguage } from './action-language.ts';
import { type Located, type Problem, problemAt } from './bad-input-error.ts';
import { DrawContext } from './draw-context.ts';
import type { Laid } from './fault-language.ts';
import type { PlanAction } from './plan.ts';
import { toMilliseconds } from './quantity.ts';
import { randomFor } from './random.ts';
import type { ScenarioAction } from './scenario.ts';
import { startWindow } from './start-window.ts';

export interface DrawActionOptions {
  readonly language: ActionLanguage;
  readonly laid: Laid;
  readonly seed: number;
  /** Which of the scenario's actions it is, so that each draws by itself. */
  readonly label: string;
  /** Its time when a parameter says it, s after its phase begins. */
  readonly givenTime: Located<number> | null;
  /** The longest that its phase can last, s; `null`: it is not known. */
  readonly phaseSecondsMax: number | null;
  readonly problems: Problem[];
  nextId(kind: string): string;
}

/** One action with its time set; `null` when a problem was reported. */
export function drawAction(action: ScenarioAction, options: DrawActionOptions): PlanAction | null {
  const { language, laid, seed, label, givenTime, phaseSecondsMax, problems } = options;
  const words = language.find(({ kind }) => kind === action.kind);
  if (words === undefined) throw new Error(`no action ${action.kind} in the language that read it`);
  const [from, to] = givenTime === null ? startWindow(action, problems) : [givenTime.value, givenTime.value];
  if (phaseSecondsMax !== null && to > 0 && to >= phaseSecondsMax) {
    problems.push(
      problemAt(givenTime?.at ?? action.placeOf(['at']), `${to} s`, `less than the ${phaseSecondsMax} s of its phase`),
    );
  }
  const atSeconds = from === to ? from : toMilliseconds(from + randomFor(seed, `${label}/at`).next() * (to - from));
  const random = randomFor(seed, label);
  const drawn = words.draw(
    action.words,
    new DrawContext({ laid, fault: action, random, secondsLeft: null, forSeconds: null, given: null, problems }),
  );
  return drawn === null ? null : { kind: action.kind, id: options.nextId(action.kind), atSeconds, ...drawn };
}
