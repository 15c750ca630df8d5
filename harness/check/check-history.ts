import type { Measurements } from '../measure/measure-run.ts';
import type { Problem } from './problem.ts';

/** What did not fit might have been anything: a record that is missing now, or one that was to be forged. */
export const checkHistory = ({ recorded }: Measurements): readonly Problem[] =>
  recorded.misfits.map(({ source, count, reason, example }) => {
    const lines = count === 1 ? 'a line does not fit' : `${count} lines do not fit, the first`;
    return { check: 'history', what: `${source}: ${lines}: ${example} (${reason})` };
  });
