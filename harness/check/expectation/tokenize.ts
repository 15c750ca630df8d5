import { ExpectationError } from './expectation.ts';

export interface Token {
  readonly kind: 'number' | 'name' | 'symbol' | 'end';
  readonly text: string;
  /** 1-based. */
  readonly column: number;
}

/** Different spellings of one symbol: people paste typographic minus signs and comparison signs. */
const SPELLINGS: Readonly<Record<string, string>> = {
  '−': '-',
  '–': '-',
  '×': '*',
  '÷': '/',
  '≤': '<=',
  '≥': '>=',
  '≠': '!=',
  '+-': '±',
  '+/-': '±',
};

/** A name is dotted words; a hyphen ends it, for it is a minus. */
const TOKEN =
  /\s*(?:(?<number>\d+(?:\.\d+)?)|(?<name>[A-Za-z][A-Za-z0-9_]*(?:\.[A-Za-z0-9_]+)*)|(?<symbol>\+\/-|\+-|<=|>=|!=|[-+*/()=<>:,%±−–×÷≤≥≠]))/y;

export function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  let offset = 0;
  while (text.slice(offset).trim() !== '') {
    TOKEN.lastIndex = offset;
    const match = TOKEN.exec(text);
    if (match?.groups === undefined) {
      const at = offset + text.slice(offset).search(/\S/);
      throw new ExpectationError(at + 1, `\`${text[at]}\``, 'a number, a name or one of = != < <= > >= + - * / ( ) ±');
    }
    offset = TOKEN.lastIndex;
    const { number, name, symbol } = match.groups;
    const raw = number ?? name ?? symbol ?? '';
    const column = offset - raw.length + 1;
    const kind = number !== undefined ? 'number' : name !== undefined ? 'name' : 'symbol';
    tokens.push({ kind, text: SPELLINGS[raw] ?? raw, column });
  }
  tokens.push({ kind: 'end', text: 'the end of the line', column: text.length + 1 });
  return tokens;
}
