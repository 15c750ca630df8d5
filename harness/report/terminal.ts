import type { Result } from './result-schema.ts';
import { sectionsOf } from './sections.ts';
import { wordOf } from './story-rows.ts';

/** Widest line, columns. */
const WIDTH = 100;

/** The result for a terminal: the verdict and its reasons first, nothing wider than 100 columns, no colours. */
export function renderTerminal(result: Result): string {
  const { scenario, expectations } = result;
  const { outcome, problems } = result.verdict;
  const lines = [
    `${outcome.toUpperCase()}  ${scenario.name}, preset ${scenario.preset}, seed ${scenario.seed}`,
    ...problems.flatMap(({ check, what }) => wrap(`${check}: ${what}`, '  ! ', '    ')),
    '',
    ...result.whatHappened.flatMap((sentence) => wrap(sentence, '', '')),
    ...result.run.notes.flatMap((note) => wrap(`note: ${note}`, '', '  ')),
  ];
  for (const { title, rows } of sectionsOf(result)) {
    lines.push('', title);
    if (title === 'Expectations' && expectations.length > 0) {
      lines.push(...expectations.flatMap(expectationLines));
      continue;
    }
    const widest = Math.min(
      36,
      rows.reduce((width, [label]) => Math.max(width, label.length), 0),
    );
    for (const [label, value] of rows) {
      const indent = ' '.repeat(widest + 4);
      if (label.length <= widest) lines.push(...wrap(value, `  ${label.padEnd(widest)}  `, indent));
      else lines.push(...wrap(label, '  ', '    '), ...wrap(value, indent, indent));
    }
  }
  return `${lines.join('\n')}\n`;
}

/** The outcome stands before the sentence, where it is seen. */
const expectationLines = ({ held, text, explanation }: Result['expectations'][number]): readonly string[] => [
  ...wrap(text, `  ${wordOf(held).padEnd(8)}`, ' '.repeat(10)),
  ...wrap(explanation, ' '.repeat(10), ' '.repeat(10)),
];

/** Breaks at spaces; a word longer than a line is cut. */
function wrap(text: string, first: string, following: string): readonly string[] {
  const lines: string[] = [];
  let prefix = first;
  let line = '';
  for (const word of text.split(/\s+/).flatMap((whole) => pieces(whole, WIDTH - following.length))) {
    if (line !== '' && prefix.length + line.length + 1 + word.length > WIDTH) {
      lines.push(prefix + line);
      prefix = following;
      line = '';
    }
    line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, (prefix + line).trimEnd()];
}

function pieces(word: string, width: number): readonly string[] {
  if (word.length <= width) return [word];
  return Array.from({ length: Math.ceil(word.length / width) }, (_, index) =>
    word.slice(index * width, (index + 1) * width),
  );
}
