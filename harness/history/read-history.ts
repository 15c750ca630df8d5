import { createReadStream } from 'node:fs';
import type { z } from 'zod';
import { historySchema } from './history-schema.ts';
import type { HistoryRecord } from './records.ts';

/** A line that is no record of a history. `line` counts from 1. */
export class BadHistoryError extends Error {
  override readonly name = 'BadHistoryError';
  readonly file: string;
  readonly line: number;

  constructor(file: string, line: number, what: string, options?: ErrorOptions) {
    super(`${file}:${line}: ${what}`, options);
    this.file = file;
    this.line = line;
  }
}

export interface HistoryFile {
  readonly records: readonly HistoryRecord[];
  /** What was left out and why: a report made from the file repeats it. */
  readonly notes: readonly string[];
}

/** Longest line accepted, characters: a larger one is no record but a file that lost its line ends. */
const LINE_LIMIT = 64 * 1024 * 1024;

/**
 * Reads `history.jsonl`, one record a line, in the order of the file.
 *
 * A last line without its line end was being written when the writer was killed: it is dropped with a note, unless
 * it is whole. Every other bad line throws `BadHistoryError`, since a history with a hole would measure too little.
 */
export async function readHistory(file: string): Promise<HistoryFile> {
  const records: HistoryRecord[] = [];
  const notes: string[] = [];
  let line = 0;
  let rest = '';
  for await (const chunk of createReadStream(file, { encoding: 'utf8', highWaterMark: 1 << 20 })) {
    const lines = (rest + String(chunk)).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > LINE_LIMIT) throw new BadHistoryError(file, line + 1, `longer than ${LINE_LIMIT} characters`);
    for (const text of lines) {
      line += 1;
      if (text !== '') records.push(parseLine(text, file, line));
    }
  }
  if (rest !== '') {
    try {
      records.push(parseLine(rest, file, line + 1));
    } catch (error) {
      if (!(error instanceof BadHistoryError)) throw error;
      notes.push(`the history's last line (${line + 1}) was cut off while being written and is left out`);
    }
  }
  return { records, notes };
}

function parseLine(text: string, file: string, line: number): HistoryRecord {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new BadHistoryError(file, line, `not JSON: ${error instanceof Error ? error.message : error}`, {
      cause: error,
    });
  }
  const checked = historySchema.safeParse(value);
  if (!checked.success) throw new BadHistoryError(file, line, describe(checked.error, value));
  return checked.data;
}

function describe(error: z.ZodError, value: unknown): string {
  const kind = typeof value === 'object' && value !== null && 'kind' in value ? String(value.kind) : 'no kind';
  const [first] = error.issues;
  return `not a record (${kind}): ${first === undefined ? error.message : `${first.path.join('.')}: ${first.message}`}`;
}
