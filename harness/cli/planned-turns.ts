import type { Arm } from '../campaign/arms.ts';
import type { PlannedTurn } from '../campaign/carry-out.ts';
import { interleave } from '../campaign/order.ts';
import { planOf } from './scenario-options.ts';

export interface TurnsOf {
  readonly scenario: string;
  readonly preset?: string | undefined;
  readonly seeds: readonly number[];
  /** Holds for every arm, whose own settings are stronger. */
  readonly set: Readonly<Record<string, string>>;
  readonly arms: readonly Arm[];
}

/**
 * Every run of a campaign with its plan, interleaved by seed; an arm that is named twice is run once.
 * @throws BadInputError
 */
export async function plannedTurns({ scenario, preset, seeds, set, arms }: TurnsOf): Promise<readonly PlannedTurn[]> {
  const byName = new Map(arms.map((arm) => [arm.name, arm]));
  const turns: PlannedTurn[] = [];
  for (const turn of interleave([...byName.keys()], seeds)) {
    const settings = { ...set, ...byName.get(turn.arm)?.settings };
    const plan = await planOf(scenario, {
      ...(preset === undefined ? {} : { preset }),
      seed: turn.seed,
      set: settings,
    });
    turns.push({ ...turn, plan });
  }
  return turns;
}
