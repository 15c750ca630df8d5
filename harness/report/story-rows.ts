import { measuredBeside } from './beside-text.ts';
import { LOOP_STATES, loopOf } from './loop.ts';
import type { Result } from './result-schema.ts';
import type { Row } from './section.ts';

/** What was expected, and what came of it. */
export const expectationRows = ({ expectations }: Result): readonly Row[] =>
  expectations.length === 0
    ? [['none', 'The scenario expects nothing.']]
    : expectations.map(({ held, text, explanation }): Row => [text, `${wordOf(held)}: ${explanation}`]);

export const wordOf = (held: boolean | null): string => (held === null ? 'open' : held ? 'held' : 'FAILED');

/** The loop of 2011, an arrow a row; none where no partner was lost. */
export const loopRows = (result: Result): readonly Row[] =>
  loopOf(result).map(
    ({ from, to, happened, lines }): Row => [
      `${LOOP_STATES[from]} → ${LOOP_STATES[to]}`,
      `${happened ? '' : 'not in this run: '}${lines.join(', ')}`,
    ],
  );

/** What the run has beside each fact of the event. What is stated, and where the model differs, takes a page's width. */
export function besideRows({ besideTheEvent: beside }: Result): readonly Row[] {
  if (beside === undefined) return [];
  const rows = beside.rows.map((row): Row => {
    return [
      row.what,
      measuredBeside(row)
        .map(([what, value]) => `${what} ${value}`)
        .join('; '),
    ];
  });
  return [...rows, ['what is stated of each', `${beside.source}, in summary.md and report.html`]];
}
