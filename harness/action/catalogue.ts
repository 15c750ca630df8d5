import type { ActionLanguage } from '../scenario/action-language.ts';
import type { PlanAction } from '../scenario/plan.ts';
import type { ActionKind, ActionTarget } from './action.ts';
import { addNodes } from './add-nodes.ts';
import { cutControl, reconnectControl } from './control-cut.ts';
import { disableCreation, enableCreation } from './creation.ts';
import { dedicatedControl } from './dedicated-control.ts';
import { readmit } from './readmit.ts';
import { restoreSnapshots } from './restore-snapshots.ts';
import { resumeSearch, stopSearch } from './search.ts';

/**
 * Every action, in the order in which AWS took the steps in 2011: a new one is one file and one line here, and its name in
 * `harness/scenario/action-names.ts`.
 */
const KINDS = [
  disableCreation,
  enableCreation,
  cutControl,
  reconnectControl,
  stopSearch,
  resumeSearch,
  addNodes,
  readmit,
  dedicatedControl,
  restoreSnapshots,
] as unknown as readonly ActionKind[];

export const ACTIONS: ActionLanguage = KINDS;

/** What the settings of each kind have to be, for a plan that is read from a file. */
export const ACTION_SETTINGS = new Map(KINDS.map(({ kind, settings }) => [kind, settings]));

/** Carries an action out; see {@link ActionKind.carryOut}. */
export function carryOut(action: PlanAction, target: ActionTarget, signal: AbortSignal): Promise<string> {
  const kind = KINDS.find((one) => one.kind === action.kind);
  if (kind === undefined) return Promise.reject(new Error(`no action of kind ${action.kind}`));
  const settings = kind.settings.safeParse(action.settings);
  if (!settings.success) return Promise.reject(new Error(`${action.id}: ${settings.error.message}`));
  return kind.carryOut(action, target, signal);
}
