import type { z } from 'zod';
import type { Router } from '../fabric/router.ts';
import type { ActionWords } from '../scenario/action-language.ts';

import type { OperatorOrder, OperatorState } from '../scenario/operator-order.ts';
import type { Plan, PlanAction, PlanContainer } from '../scenario/plan.ts';

/** How an operator reaches the programs: by the engine, not over a link, so that no fault is in the way. */
export interface ProgramControl {
  /** Those of these containers whose programs run now; one that has crashed, or is a spare still, does not. */
  running(ids: readonly string[]): Promise<readonly string[]>;
  /** @throws Error when the program does not answer in time, or says that it cannot do it. */
  tell(container: string, actionId: string, order: OperatorOrder): Promise<OperatorState>;
  /** Spares that have not been begun, in the order in which they are to join. */
  spares(zone: string): readonly string[];
  /** Lets a spare's program begin; settles when it is ready. */
  begin(spare: string): Promise<void>;
}

/** What an action may touch. */
export interface ActionTarget {
  readonly plan: Plan;
  readonly programs: ProgramControl;
  router(id: string): Router;
}

/**
 * One kind of action. A file in this folder, a line in the catalogue.
 *
 * An action is done, and what is in force afterwards is read back: from the programs' own answers, from Toxiproxy. It
 * has no revert: what undoes it is another action.
 */
export interface ActionKind<W = unknown, S extends object = object> extends ActionWords<W> {
  /** What stands in the plan for it: a plan that is replayed is checked with this. */
  readonly settings: z.ZodType<S>;
  /** Settles with what was read back, in words. @throws Error when it was not or not wholly done. */
  carryOut(action: PlanAction<S>, target: ActionTarget, signal: AbortSignal): Promise<string>;
}

/** The containers of a zone, or of the Region, in one role. */
export function withRole(plan: Plan, role: PlanContainer['role'], zone?: string): string[] {
  return plan.containers.filter((one) => one.role === role && (zone === undefined || one.zone === zone)).map(idOf);
}

/** Every node of the zone that runs, those that have joined included. @throws Error when none does. */
export async function runningNodes({ plan, programs }: ActionTarget, zone: string): Promise<readonly string[]> {
  const nodes = await programs.running([...withRole(plan, 'node', zone), ...withRole(plan, 'spare', zone)]);
  if (nodes.length === 0) throw new Error(`no node of ${zone} runs`);
  return nodes;
}

/** Tells all of them at once. @throws Error that names those that did not do it. */
export async function tellAll(
  { programs }: ActionTarget,
  containers: readonly string[],
  actionId: string,
  order: (container: string) => OperatorOrder,
): Promise<ReadonlyMap<string, OperatorState>> {
  const answers = await Promise.allSettled(containers.map((id) => programs.tell(id, actionId, order(id))));
  const failed = answers.flatMap((answer, i) =>
    answer.status === 'rejected' ? [`${containers[i]}: ${(answer.reason as Error).message}`] : [],
  );
  if (failed.length > 0) throw new Error(failed.join('; '));
  return new Map(
    answers.flatMap((answer, i) => (answer.status === 'fulfilled' ? [[containers[i] ?? '', answer.value]] : [])),
  );
}

/** Tells the control plane, and returns the state that it answers with. */
export async function tellControlPlane(
  target: ActionTarget,
  actionId: string,
  order: OperatorOrder,
): Promise<OperatorState> {
  const [controlPlane] = withRole(target.plan, 'control-plane');
  if (controlPlane === undefined) throw new Error('there is no control plane');
  return target.programs.tell(controlPlane, actionId, order);
}

/** @throws Error when a program's answer is not what it was told to be. */
export function require(state: OperatorState, field: string, wanted: string | number, who: string): void {
  if (state[field] !== wanted) throw new Error(`${who} says ${field}: ${state[field]}, not ${wanted}`);
}

const idOf = ({ id }: PlanContainer): string => id;
