import { measuredBeside } from './beside-text.ts';
import type { Result } from './result-schema.ts';
import { sectionsOf } from './sections.ts';

/** `summary.md`: for a pull request or a CI job's page. */
export function renderSummary(result: Result): string {
  const { scenario, expectations } = result;
  const { outcome, problems } = result.verdict;
  const lines = [
    `# ${outcome.toUpperCase()}: ${cell(scenario.title)}`,
    '',
    `\`${scenario.name}\`, preset \`${scenario.preset}\`, seed ${scenario.seed}${result.run.id === null ? '' : `, run \`${result.run.id}\``}`,
    '',
    result.whatHappened.map(text).join(' '),
    '',
  ];
  if (problems.length > 0) {
    lines.push(...problems.map(({ check, what }) => `- **${check}**: ${text(what)}`), '');
  }
  if (result.run.notes.length > 0) lines.push(...result.run.notes.map((note) => `- note: ${text(note)}`), '');
  if (expectations.length > 0) {
    const rows = expectations.map(({ held, text: expected, explanation }) => [
      held === null ? 'open' : held ? 'held' : '**failed**',
      cell(expected),
      cell(explanation),
    ]);
    lines.push('## Expectations', '', ...table(['', 'expected', 'measured'], rows), '');
  }
  lines.push(...besideTheEvent(result));
  for (const { title, rows } of sectionsOf(result)) {
    lines.push(
      `## ${title}`,
      '',
      ...table(
        ['', ''],
        rows.map((row) => row.map(cell)),
      ),
      '',
    );
  }
  return lines.join('\n');
}

function besideTheEvent({ besideTheEvent: beside }: Result): readonly string[] {
  if (beside === undefined) return [];
  const rows = beside.rows.map((row) => [
    cell(row.what),
    `${cell(row.stated)} (<${row.source}>)`,
    measuredBeside(row)
      .map(([what, value]) => `${cell(what)}: **${cell(value)}**`)
      .join('<br>'),
    cell(row.differs),
  ]);
  const head = ['', 'stated', 'this run', 'where the model differs, and why'];
  return ['## Beside the event', '', `${cell(beside.name)}.`, '', ...table(head, rows), ''];
}

const table = (head: readonly string[], rows: readonly (readonly string[])[]): readonly string[] => [
  `| ${head.join(' | ')} |`,
  `|${head.map(() => '---').join('|')}|`,
  ...rows.map((row) => `| ${row.join(' | ')} |`),
];

/** Markdown and HTML in foreign text stay text. */
const text = (value: string): string =>
  value
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replace(/[*_`[\]\\]/g, '\\$&');
const cell = (value: string): string => text(value).replaceAll('|', '\\|').replaceAll('\n', ' ');
