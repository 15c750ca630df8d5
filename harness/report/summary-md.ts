import { measuredBeside } from './beside-text.ts';
import type { Result } from './result-schema.ts';
import type { Row, SectionTitle } from './section.ts';
import { sectionsOf } from './sections.ts';
import { wordOf } from './story-rows.ts';

/** `summary.md`: for a pull request or a CI job's page. */
export function renderSummary(result: Result): string {
  const { scenario } = result;
  const { outcome, problems } = result.verdict;
  const lines = [
    `# ${outcome.toUpperCase()}: ${cell(scenario.title)}`,
    '',
    `${code(scenario.name)}, preset ${code(scenario.preset)}, seed ${scenario.seed}${result.run.id === null ? '' : `, run ${code(result.run.id)}`}`,
    '',
    result.whatHappened.map(text).join(' '),
    '',
  ];
  if (problems.length > 0) {
    lines.push(...problems.map(({ check, what }) => `- **${check}**: ${text(what)}`), '');
  }
  if (result.run.notes.length > 0) lines.push(...result.run.notes.map((note) => `- note: ${text(note)}`), '');
  for (const { title, rows } of sectionsOf(result)) {
    lines.push(`## ${title}`, '', ...(TABLES[title]?.(result) ?? labelled(rows)), '');
  }
  return lines.join('\n');
}

const labelled = (rows: readonly Row[]): readonly string[] =>
  table(
    ['', ''],
    rows.map((row) => row.map(cell)),
  );

/** Sections that need more columns than a label and its value. */
const TABLES: Readonly<Partial<Record<SectionTitle, (result: Result) => readonly string[]>>> = {
  Expectations: expectationTable,
  'Beside the event': besideTheEvent,
};

function expectationTable({ expectations }: Result): readonly string[] {
  if (expectations.length === 0) return ['The scenario expects nothing.'];
  const rows = expectations.map(({ held, text: expected, explanation }) => [
    held === false ? '**failed**' : wordOf(held),
    cell(expected),
    cell(explanation),
  ]);
  return table(['', 'expected', 'measured'], rows);
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
  return [`${cell(beside.name)}.`, '', ...table(head, rows)];
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
/** Foreign text as code: it can neither end that nor the line. */
const code = (value: string): string => `\`${value.replaceAll('`', "'").replace(/\s+/g, ' ')}\``;
