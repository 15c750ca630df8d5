import { aligned } from '../../scenario/text-columns.ts';

/** A part of a campaign's report, the same in the terminal and in Markdown. */
export interface CampaignSection {
  readonly title: string;
  readonly note?: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

export interface CampaignReport {
  readonly title: string;
  readonly lead: readonly string[];
  readonly sections: readonly CampaignSection[];
  /** Under everything. */
  readonly notes: readonly string[];
}

/** For a terminal: no colours, columns aligned by spaces. */
export function campaignText({ title, lead, sections, notes }: CampaignReport): string {
  const parts = sections.map(({ title: name, note, head, rows }) => [
    note === undefined ? name : `${name}: ${note}`,
    ...aligned([head, ...rows]).map((line) => `  ${line}`),
  ]);
  return [[title, ...lead], ...parts, ...(notes.length === 0 ? [] : [notes.map((note) => `note: ${note}`)])]
    .map((lines) => `${lines.join('\n')}\n`)
    .join('\n');
}

export function campaignMarkdown({ title, lead, sections, notes }: CampaignReport): string {
  const parts = sections.map(({ title: name, note, head, rows }) =>
    [
      `## ${cell(name)}`,
      ...(note === undefined ? [] : ['', `${cell(note)}.`]),
      '',
      `| ${head.map(cell).join(' | ')} |`,
      `|${head.map(() => '---').join('|')}|`,
      ...rows.map((row) => `| ${row.map(cell).join(' | ')} |`),
    ].join('\n'),
  );
  const list = notes.map((note) => `- ${cell(note)}`).join('\n');
  return `${[`# ${cell(title)}`, lead.map(cell).join('\n\n'), ...parts, list].filter((part) => part !== '').join('\n\n')}\n`;
}

/** Markdown and HTML in foreign text stay text, and one cell stays one. */
const cell = (value: string): string =>
  value
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replace(/[*_`[\]\\|]/g, '\\$&')
    .replaceAll('\n', ' ');
