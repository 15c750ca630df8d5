import type { z } from 'zod';
import { historySchema } from './history-schema.ts';
import type { HistoryRecord } from './records.ts';
import { isKind } from './writers.ts';

/**
 * What a line is: a `record`; of a kind that is `unknown` here; one that claims to be a record and does not `fit`; or
 * `other` text. `kind` is what it says of itself.
 */
export type ReadLine =
  | { readonly is: 'record'; readonly record: HistoryRecord }
  | { readonly is: 'unknown'; readonly kind: string }
  | { readonly is: 'misfit'; readonly reason: string }
  | { readonly is: 'other' };

/** How the lines of our programs begin: what begins so and is no JSON was torn. */
const BEGINNING = /^\{"(?:kind|t|source)":/;
const BEGINNINGS = /\{"(?:kind|t|source)":/g;
/** How many places of a line are tried. */
const PLACES = 4;
const OTHER = { is: 'other' } as const;

/**
 * Reads a line as a record. Never throws, whatever the line is.
 *
 * @param source whose line it is; without it the line says so itself
 */
export function readLine(line: string, source?: string): ReadLine {
  if (!line.startsWith('{')) return otherThanRecord(line);
  try {
    return readObject(JSON.parse(line), source);
  } catch (error) {
    if (!BEGINNING.test(line)) return otherThanRecord(line);
    return { is: 'misfit', reason: `not JSON: ${error instanceof Error ? error.message : String(error)}` };
  }
}

const otherThanRecord = (line: string): ReadLine =>
  holdsRecord(line) ? { is: 'misfit', reason: 'text before a record on its line' } : OTHER;

/**
 * Whether other text, whose writer did not end its line, stands before a whole record. It is not taken for one: who can
 * say what it was glued to. Text that quotes JSON is no record.
 */
function holdsRecord(line: string): boolean {
  return line
    .matchAll(BEGINNINGS)
    .take(PLACES)
    .some(({ index }) => {
      try {
        const { is } = readObject(JSON.parse(line.slice(index)), '');
        return is !== 'other';
      } catch {
        return false;
      }
    });
}

function readObject(value: unknown, source: string | undefined): ReadLine {
  if (typeof value !== 'object' || value === null) return OTHER;
  const { kind, t } = value as { kind?: unknown; t?: unknown };
  if (typeof kind !== 'string') return OTHER;
  // Logs in JSON may have a `kind` too; with a time in `t` it claims to be ours.
  if (!isKind(kind)) return typeof t === 'number' ? { is: 'unknown', kind } : OTHER;
  const checked = historySchema.safeParse(source === undefined ? value : { ...value, source });
  return checked.success
    ? { is: 'record', record: checked.data }
    : { is: 'misfit', reason: `no record of kind ${kind}: ${firstOf(checked.error)}` };
}

function firstOf({ issues, message }: z.ZodError): string {
  const [first] = issues;
  return first === undefined ? message : `${first.path.join('.')}: ${first.message}`;
}
