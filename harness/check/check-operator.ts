import type { Measurements } from '../measure/measure-run.ts';
import type { Problem } from './problem.ts';

/** What the scenario has an operator do has to be done, or the run shows something else than it says. */
export function checkOperator({ operator }: Measurements): readonly Problem[] {
  return operator.actions
    .filter(({ by, outcome }) => by === 'schedule' && (outcome === 'failed' || outcome === 'unfinished'))
    .map(({ id, outcome, readBack }) => {
      return {
        check: 'operator',
        what: `${id} ${outcome === 'failed' ? 'failed' : 'had no end'}: ${readBack ?? 'nothing was read back'}`,
      };
    });
}
