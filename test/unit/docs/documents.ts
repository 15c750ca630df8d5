import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROJECT } from '../../../harness/lab/project.ts';

export interface Document {
  /** From the project's folder: `docs/testing.md`. */
  readonly path: string;
  readonly text: string;
}

/** Every document that people read: those of the project's folder and of `docs/`. */
export function documents(): readonly Document[] {
  const top = ['README.md', 'CHANGELOG.md'];
  const docs = readdirSync(join(PROJECT, 'docs')).filter((name) => name.endsWith('.md'));
  return [...top, ...docs.map((name) => `docs/${name}`), 'docs/reproduction/README.md'].map((path) => ({
    path,
    text: readFileSync(join(PROJECT, path), 'utf8'),
  }));
}

/** Targets of Markdown links and images. */
export const linksIn = (text: string): readonly string[] =>
  [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target ?? '');

/** What stands in backticks or in fenced blocks, a line each. */
export function codeIn(text: string): readonly string[] {
  const fence = /^ *```[^\n]*\n([\s\S]*?)^ *```/gm;
  const fenced = [...text.matchAll(fence)].flatMap(([, block]) => (block ?? '').split('\n'));
  const inline = [...text.replace(fence, '').matchAll(/`([^`\n]+)`/g)].map(([, code]) => code ?? '');
  return [...fenced, ...inline].map((code) => code.trim()).filter((code) => code !== '');
}

/** Ids that GitHub gives to headings. */
export const anchorsIn = (text: string): readonly string[] =>
  [...text.matchAll(/^#+ +(.+)$/gm)].map(([, heading]) =>
    (heading ?? '')
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}_ -]/gu, '')
      .replaceAll(' ', '-'),
  );

/** Cells of each row of the table that begins with this head. */
export function tableOf(text: string, head: string): readonly (readonly string[])[] {
  const lines = text.slice(text.indexOf(head)).split('\n');
  const end = lines.findIndex((line) => !line.startsWith('|'));
  if (!text.includes(head) || end < 0) throw new Error(`no table ${head}`);
  const cells = (line: string) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim());
  return lines.slice(2, end).map(cells);
}
