/** Longest list that is still shown whole in an error message. */
const LIST_MAX = 12;

/** Edits (insert, delete, replace one character) from `a` to `b`. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

/** The known name most like `name`; `undefined` when none is within half of its length. */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  let best: string | undefined;
  let least = Math.max(2, Math.ceil(name.length / 2)) + 1;
  for (const candidate of known) {
    const edits = distance(name.toLowerCase(), candidate.toLowerCase());
    if (edits < least) [best, least] = [candidate, edits];
  }
  return best;
}

/** What to say was expected in place of `name`: the nearest known name, and all of them when they are few. */
export function expectedName(name: string, known: readonly string[], kind: string): string {
  const nearest = nearestName(name, known);
  const hint = nearest === undefined ? '' : ` (did you mean \`${nearest}\`?)`;
  if (known.length === 0) return `no ${kind} at all here`;
  if (known.length > LIST_MAX) return `a known ${kind}${hint}`;
  return `${known.length === 1 ? '' : 'one of '}${known.join(', ')}${hint}`;
}
