import type { Asked } from '../harness/campaign/asked.ts';
import { digestOf } from '../harness/campaign/essence.ts';
import { plannedTurns } from '../harness/cli/planned-turns.ts';
import { BadInputError } from '../harness/scenario/bad-input-error.ts';

/**
 * Whether the same command makes the same plans now. Hours of runs are not made again for every change of a scenario:
 * what they showed then stays, and is told apart.
 */
export async function isCurrent({ scenario, preset, seeds, set, arms, plans }: Asked): Promise<boolean> {
  try {
    const turns = await plannedTurns({ scenario, preset, seeds, set, arms });
    return digestOf(turns.map(({ plan }) => plan)) === plans;
  } catch (error) {
    // A parameter that is no more, or a preset: nothing can be planned as then.
    if (error instanceof BadInputError) return false;
    throw error;
  }
}
