import type { Measurements } from '../measure/measure-run.ts';
import type { Problem } from './problem.ts';

/** Only a run that came to its own end is judged: a cut-off one may have missed what it was to show. */
export function checkRunEnd({ frame }: Measurements): readonly Problem[] {
  const problem = (what: string): Problem[] => [{ check: 'run', what }];
  const end = frame.history.of('run.end').at(-1);
  if (end === undefined) return problem('the history has no end: the run was killed, or is still going on');
  // Where in the code it broke stands with the run's end.
  const reason = end.reason === null ? '' : `: ${end.reason.split(/\n {4}at /)[0]}`;
  if (end.outcome === 'deadline') return problem(`the run was stopped by its deadline${reason}`);
  if (end.outcome === 'interrupted') return problem(`the run was interrupted${reason}`);
  if (end.outcome === 'broken') return problem(`the run broke${reason}`);
  const missing = frame.plan.phases.filter((phase) => !frame.phases.some((seen) => seen.name === phase.name));
  return missing.length === 0
    ? []
    : problem(`phases that never began: ${missing.map((phase) => phase.name).join(', ')}`);
}
