import type { MeasuredAction } from '../measure/operator.ts';
import { number, percentOr, seconds } from './numbers.ts';
import type { Result } from './result-schema.ts';
import type { Row } from './section.ts';

/** What operators did, when, and what the curves did about it; empty where nobody did anything. */
export const operatorRows = ({ operator }: Result): readonly Row[] =>
  operator.actions.map((action): Row => {
    const when = action.sinceTriggerEndSeconds;
    const label = `${action.id}${action.by === 'terminal' ? ' (terminal)' : ''}`;
    if (action.outcome !== 'done')
      return [label, `${action.outcome}${action.readBack === null ? '' : `: ${action.readBack}`}`];
    const at = when === null ? `${seconds(action.doneAtSeconds ?? 0)} after the fault began` : sinceEnd(when);
    return [
      label,
      [at, ...curvesOf(action).map(({ name, before, after }) => `${name} ${before} → ${after}`)].join('; '),
    ];
  });

const sinceEnd = (when: number): string =>
  when < 0 ? `${seconds(-when)} before the trigger’s end` : `${seconds(when)} after the trigger’s end`;

interface Shown {
  readonly name: string;
  readonly before: string;
  readonly after: string;
}

/** Before and after, in the order in which they are shown. */
export function curvesOf({ curves }: MeasuredAction): readonly Shown[] {
  const { stuckShare, searchPerSecond, electionsPerSecond, freeSlots, api } = curves;
  const shown = (
    name: string,
    curve: { before: number | null; after: number | null },
    as: (n: number | null) => string,
  ) => {
    return { name, before: as(curve.before), after: as(curve.after) };
  };
  return [
    shown('stuck', stuckShare, percentOr),
    shown('searches/s', searchPerSecond, number),
    shown('elections/s', electionsPerSecond, number),
    shown('free slots', freeSlots, number),
    ...api.map((zone) => shown(`API ${zone.shortName}`, zone, percentOr)),
  ];
}
