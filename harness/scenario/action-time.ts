import type { Located } from './bad-input-error.ts';
import type { ScenarioAction, ScenarioPhase } from './scenario.ts';

/**
 * The parameter that is the time of an action, such as `phases.storm.cut-control.at`, so that a preset or `--set` can
 * move it. `null`: its time is drawn, or its phase has another of its kind, and one number would not say whose it is.
 */
export function timeParameterOf(phase: ScenarioPhase, action: ScenarioAction): string | null {
  const alike = phase.actions.filter(({ kind }) => kind === action.kind);
  if (alike.length > 1 || isDrawn(action)) return null;
  return `phases.${phase.name.value}.${action.kind}.at`;
}

const isDrawn = ({ at }: ScenarioAction): boolean => at !== null && typeof at !== 'string';

/** Its time as it is written; left out: the begin of its phase. */
export function writtenTimeOf({ at, placeOf, kind }: ScenarioAction): Located<string> {
  if (at === null) return { value: '0s', at: placeOf([kind]) };
  if (typeof at !== 'string') throw new Error(`the time of ${kind} is drawn`);
  return { value: at, at: placeOf(['at']) };
}
