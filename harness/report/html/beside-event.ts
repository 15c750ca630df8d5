import type { BesideEvent } from '../beside-event.ts';
import { measuredBeside } from '../beside-text.ts';
import { escapeHtml as text } from './escape.ts';
import { linked } from './tables.ts';

const HEADS = ['Stated', 'This run', 'Where the model differs, and why'] as const;

/** The run beside the event: a table, whose rows are one block below the other where the page is narrow. */
export function besideEventTable({ source, rows }: BesideEvent): string {
  const cell = (head: string, html: string) => `<td data-head="${text(head)}">${html}</td>`;
  const body = rows.map((row) => {
    const from = row.source === source ? '' : ` (${linked(row.source)})`;
    const measured = measuredBeside(row).map(([what, value]) => `<li>${strong(value)} ${text(what)}</li>`);
    const cells = [linked(row.stated) + from, `<ul>${measured.join('')}</ul>`, linked(row.differs)];
    return `<tr><th scope="row">${text(row.what)}</th>${HEADS.map((head, index) => cell(head, cells[index] ?? '')).join('')}</tr>`;
  });
  const heads = ['', ...HEADS].map((head) => `<th>${text(head)}</th>`).join('');
  return `<table class="beside"><thead><tr>${heads}</tr></thead><tbody>\n${body.join('\n')}\n</tbody></table>`;
}

/** A value stands out; why there is none does not. */
const strong = (value: string): string => (value.startsWith('–') ? text(value) : `<b>${text(value)}</b>`);
