import type { Operations } from '../../measure/operations.ts';
import { availabilityInterval } from '../availability-interval.ts';
import { integer, megabits, milliseconds, number, percentOr } from '../numbers.ts';
import { curvesOf } from '../operator-rows.ts';
import type { Result } from '../result-schema.ts';
import type { Row } from '../section.ts';
import { escapeHtml as text } from './escape.ts';

/** A table's cell: text, or markup made here. */
type Cell = string | { readonly html: string; readonly className?: string };
const numeric = (value: string): Cell => ({ html: text(value), className: 'number' });
const chip = (word: string, className: string): Cell => ({
  html: `<span class="chip ${className}">${text(word)}</span>`,
});

/** Above so many columns a table stands closer, so that none is out of sight. */
const MANY_COLUMNS = 10;

function table(head: readonly (string | { readonly number: string })[], rows: readonly (readonly Cell[])[]): string {
  if (rows.length === 0) return '';
  const heads = head.map((cell) =>
    typeof cell === 'string' ? `<th>${text(cell)}</th>` : `<th class="number">${text(cell.number)}</th>`,
  );
  const body = rows.map((row) => `<tr>${row.map(cellOf).join('')}</tr>`).join('\n');
  const className = head.length > MANY_COLUMNS ? ' class="many"' : '';
  return `<div class="scroll"><table${className}><thead><tr>${heads.join('')}</tr></thead><tbody>\n${body}\n</tbody></table></div>`;
}

function cellOf(cell: Cell): string {
  if (typeof cell === 'string') return `<td>${text(cell)}</td>`;
  return `<td${cell.className === undefined ? '' : ` class="${cell.className}"`}>${cell.html}</td>`;
}

export function expectationsTable({ expectations }: Result): string {
  if (expectations.length === 0) return '<p>The scenario expects nothing.</p>';
  return table(
    ['', 'Expected', 'Measured'],
    expectations.map(({ held, text: expected, explanation }) => [
      held === null ? chip('open', 'open') : held ? chip('held', 'held') : chip('failed', 'failed'),
      { html: `<code>${text(expected)}</code>` },
      explanation,
    ]),
  );
}

/** The labelled values of a section. */
export const labelledValues = (rows: readonly Row[]): string =>
  `<dl>${rows.map(([label, value]) => `<dt>${text(label)}</dt><dd>${text(value)}</dd>`).join('\n')}</dl>`;

export const agreementTable = ({ agreement }: Result): string =>
  table(
    ['', 'What', { number: 'One' }, 'says who', { number: 'Other' }, 'says who', { number: 'Tolerance' }],
    agreement.map(({ what, one, oneValue, other, otherValue, tolerance, unit, agree, reason }) => [
      agree === null ? chip('not compared', 'open') : agree ? chip('agree', 'held') : chip('disagree', 'failed'),
      agree === null && reason !== null ? `${what} (${reason})` : what,
      numeric(unit === 'share of volumes' ? percentOr(oneValue) : number(oneValue)),
      one,
      numeric(unit === 'share of volumes' ? percentOr(otherValue) : number(otherValue)),
      other,
      numeric(unit === 'share of volumes' ? `± ${tolerance * 100} points` : `± ${tolerance} ${unit}`),
    ]),
  );

/** What operators did, numbered as the marks on the plots are. */
export function operatorTable({ operator }: Result): string {
  const [first] = operator.actions;
  const names = first === undefined ? [] : curvesOf(first).map(({ name }) => name);
  return table(
    [
      '',
      'Action',
      'Read back',
      { number: 'Done' },
      { number: 'After the trigger' },
      ...names.map((name) => ({ number: name })),
    ],
    operator.actions.map((action, index): Cell[] => [
      `${index + 1}`,
      `${action.description}${action.by === 'terminal' ? ' (from a terminal)' : ''}`,
      action.outcome === 'done' ? (action.readBack ?? '') : `${action.outcome}: ${action.readBack ?? ''}`,
      numeric(action.doneAtSeconds === null ? '–' : `${number(action.doneAtSeconds)} s`),
      numeric(action.sinceTriggerEndSeconds === null ? '–' : `${number(action.sinceTriggerEndSeconds)} s`),
      ...curvesOf(action).map(({ before, after }) => numeric(`${before} → ${after}`)),
    ]),
  );
}

export const queuesTable = ({ queues }: Result): string =>
  table(
    [
      'Router',
      ...['Before', 'During', 'After', 'Peak', 'Capacity', 'Peak ÷ capacity', 'Drops'].map((name) => ({
        number: name,
      })),
    ],
    queues.map((queue) => [
      queue.router,
      ...[queue.baselineMbit, queue.faultMbit, queue.afterMbit, queue.peakMbit, queue.capacityMbit].map((rate) =>
        numeric(megabits(rate)),
      ),
      numeric(percentOr(queue.peakUtilisation)),
      numeric(integer(queue.drops)),
    ]),
  );

export function operationsTable(
  entries: readonly { readonly name: string; readonly periods: readonly Operations[] }[],
): string {
  const numbers = [
    'Offered',
    'Ok',
    'Failed',
    'Unknown',
    'Unfinished',
    'Availability',
    '95 %',
    'p50',
    'p95',
    'p99',
    'Max',
    'n',
  ];
  return table(
    ['', 'Period', ...numbers.map((name) => ({ number: name }))],
    entries.flatMap(({ name, periods }) =>
      periods.map((period, index): Cell[] => [
        index === 0 ? { html: `<strong>${text(name)}</strong>` } : '',
        period.period,
        ...[period.offered, period.ok, period.failed, period.unknown, period.unfinished].map((value) =>
          numeric(integer(value)),
        ),
        numeric(percentOr(period.availability)),
        interval(period),
        numeric(milliseconds(period.latency.p50Ms, period.latency.p50AtLeast)),
        numeric(milliseconds(period.latency.p95Ms, period.latency.p95AtLeast)),
        numeric(milliseconds(period.latency.p99Ms, period.latency.p99AtLeast)),
        numeric(milliseconds(period.latency.maxMs, period.latency.maxAtLeast)),
        numeric(integer(period.latency.n)),
      ]),
    ),
  );
}

/** Why there is none may take several lines, which a number may not. */
function interval(period: Operations): Cell {
  if (period.availability === null) return numeric('–');
  const told = availabilityInterval(period);
  return period.availabilityLow95 === null ? told : numeric(told);
}

export const lagTable = ({ machine }: Result): string =>
  table(
    ['Event loop of', ...['p99', 'Max', 'Late', 'n', 'Excused'].map((name) => ({ number: name }))],
    machine.lag.map(({ who, p99Ms, maxMs, samples, lateShare, excused }) => [
      who,
      numeric(milliseconds(p99Ms)),
      numeric(milliseconds(maxMs)),
      numeric(percentOr(lateShare ?? null)),
      numeric(integer(samples)),
      numeric(integer(excused ?? 0)),
    ]),
  );

export const parametersTable = ({ parameters }: Result): string =>
  table(
    ['Parameter', { number: 'Value' }, 'Unit', 'Origin', 'Why'],
    parameters.map(({ name, value, unit, origin, why }) => [
      { html: `<code>${text(name)}</code>` },
      numeric(typeof value === 'number' ? value.toLocaleString('en-US') : String(value)),
      unit,
      chip(origin, origin),
      { html: linked(why) },
    ]),
  );

/** Sources named in a text become links, and names in backticks code; nothing is loaded from them. */
export const linked = (why: string): string =>
  text(why)
    .replace(/`([^`]+)`/g, '<code>$1</code>')
    .replace(/https:\/\/[^\s<>"')]*[^\s<>"').,;:]/g, (url) => `<a href="${url}" rel="noreferrer">${url}</a>`);
