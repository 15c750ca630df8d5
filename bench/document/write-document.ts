import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PROJECT } from '../../harness/lab/project.ts';
import { NAMES, readResult } from '../result.ts';
import { render } from './render.ts';

export const DOCUMENT = join(PROJECT, 'docs/benchmarks.md');

const begin = (name: string): string => `<!-- from bench/results/${name}.json -->`;
const END = '<!-- end -->';

/** The document with its tables made anew from the committed results. @throws Error where it has no place for one. */
export async function documentFromResults(text: string): Promise<string> {
  let made = text;
  for (const name of NAMES) {
    const from = made.indexOf(begin(name));
    const to = made.indexOf(END, from);
    if (from < 0 || to < 0) throw new Error(`docs/benchmarks.md has no place for ${name}`);
    const tables = render(name, await readResult(name));
    made = `${made.slice(0, from)}${begin(name)}\n\n${tables}\n\n${made.slice(to)}`;
  }
  return made;
}

export async function writeDocument(): Promise<void> {
  await writeFile(DOCUMENT, await documentFromResults(await readFile(DOCUMENT, 'utf8')));
}
