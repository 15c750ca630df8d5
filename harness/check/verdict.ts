import { z } from 'zod';
import type { Problem } from './problem.ts';

export const outcomeSchema = z.enum(['pass', 'fail', 'inconclusive']);

export interface Verdict {
  readonly outcome: z.infer<typeof outcomeSchema>;
  /** Why it is inconclusive or failed; empty when it passed. */
  readonly problems: readonly Problem[];
}

/** What an expectation came to: `null` could not be judged. */
export interface Held {
  readonly text: string;
  readonly held: boolean | null;
  readonly explanation: string;
  /** Its failure is a fact that no load on the machine excuses, such as an acknowledged write that is gone. */
  readonly isSafety: boolean;
}

/**
 * A lost acknowledged write fails a run, whatever else is wrong with it. Any other run that proves nothing is
 * inconclusive whatever its expectations say. Else one failed expectation fails it, and one that cannot be judged
 * keeps it from passing.
 */
export function verdictOf(problems: readonly Problem[], expectations: readonly Held[]): Verdict {
  const failed = expectations.filter((expectation) => expectation.held === false);
  const open = expectations.filter((expectation) => expectation.held === null);
  const told = (list: readonly Held[]): Problem[] =>
    list.map(({ text, explanation }) => ({ check: 'expectation', what: `${text}: ${explanation}` }));
  if (failed.some((expectation) => expectation.isSafety)) {
    return { outcome: 'fail', problems: [...told(failed), ...problems] };
  }
  if (problems.length > 0) return { outcome: 'inconclusive', problems };
  if (failed.length > 0) return { outcome: 'fail', problems: told(failed) };
  if (open.length > 0) return { outcome: 'inconclusive', problems: told(open) };
  return { outcome: 'pass', problems: [] };
}
