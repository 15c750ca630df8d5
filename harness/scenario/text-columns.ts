/** Widest line of what `zonestorm plan` and `zonestorm faults` print. */
const COLUMNS_MAX = 100;

/** Breaks a line at spaces; what follows is indented by `hang` more. A longer word than fits is cut into pieces. */
export function wrap(line: string, indent: number, hang = 2): string[] {
  const lines: string[] = [];
  let rest = ' '.repeat(indent) + line;
  while (rest.length > COLUMNS_MAX) {
    const space = rest.lastIndexOf(' ', COLUMNS_MAX);
    const end = space > indent + hang ? space : COLUMNS_MAX;
    lines.push(rest.slice(0, end).trimEnd());
    rest = ' '.repeat(indent + hang) + rest.slice(end).trimStart();
  }
  return [...lines, rest];
}

/** Columns aligned by spaces; `right` are those of numbers. */
export function aligned(rows: readonly (readonly string[])[], right: readonly number[] = []): string[] {
  const widths: number[] = [];
  for (const row of rows) for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, cell.length);
  const pad = (cell: string, i: number): string =>
    right.includes(i) ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0);
  return rows.map((row) => row.map(pad).join('  ').trimEnd());
}
