import type { Measurements } from '../measure/measure-run.ts';
import type { Problem } from './problem.ts';

/**
 * Independent observers must agree on what happened. Without a trigger there is nothing to agree on; and only a
 * misroute promises a storm that both observers must have been able to see.
 */
export function checkAgreement({ agreement, frame }: Measurements): readonly Problem[] {
  if (frame.trigger.startT === null) return [];
  const isMisrouted = frame.trigger.faults.some((fault) => fault.kind === 'misroute');
  const problems: Problem[] = [];
  for (const { what, one, oneValue, other, otherValue, tolerance, unit, agree, reason } of agreement) {
    if (agree === true || (agree === null && !isMisrouted)) continue;
    const text =
      agree === null
        ? `${what}: cannot be compared: ${reason ?? 'a value is missing'}`
        : `${what}: ${oneValue} (${one}) and ${otherValue} (${other}) differ by more than ${tolerance} ${unit}`;
    problems.push({ check: 'agreement', what: text });
  }
  return problems;
}
