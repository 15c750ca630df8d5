import { count, integer } from './numbers.ts';
import type { Result } from './result-schema.ts';
import type { Row } from './section.ts';

/** Sources that have a row of their own. */
const SOURCES_MAX = 6;

/** How much was recorded, and what could not be. */
export function historyRows({ history }: Result): readonly Row[] {
  if (history === undefined) return [];
  const { records, misfits } = history;
  const rows = misfits
    .slice(0, SOURCES_MAX)
    .map(
      ({ source, count: lines, reason, example }): Row => [
        source,
        `${count(lines, 'line')} left out; the first: ${example} (${reason})`,
      ],
    );
  const rest = misfits.slice(SOURCES_MAX);
  const more: readonly Row[] =
    rest.length === 0 ? [] : [[`and ${rest.length} more`, rest.map(({ source }) => source).join(', ')]];
  return [
    ['records', integer(records)],
    ['lines that do not fit', misfits.length === 0 ? 'none' : 'below'],
    ...rows,
    ...more,
  ];
}
