import type { BesideEvent } from './beside-event.ts';
import { valueText } from './campaign/values.ts';

/** What the run has beside a fact, each with its value as text; where it has nothing, why. */
export function measuredBeside({
  measured,
  notMeasuredReason,
}: BesideEvent['rows'][number]): readonly (readonly [what: string, value: string])[] {
  const rows = measured.map(({ what, unit, value, atLeast, reason }) => {
    if (value !== null) return [what, unbroken(valueText(value, unit))] as const;
    if (atLeast !== null) return [what, unbroken(`≥ ${valueText(atLeast, unit)}`)] as const;
    return [what, `– (${reason ?? 'not measured'})`] as const;
  });
  return notMeasuredReason === null ? rows : [...rows, ['not measured', notMeasuredReason] as const];
}

/** No line ends between a number and its unit. */
const unbroken = (text: string): string => text.replaceAll(' ', '\u00a0');
