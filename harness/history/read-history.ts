import { createReadStream } from 'node:fs';
import { LINE_LIMIT, LineSplitter } from './line-splitter.ts';
import { Misfits } from './misfits.ts';
import { readLine } from './read-line.ts';
import type { HistoryRecord } from './records.ts';
import { fitsSource } from './writers.ts';

/** A history that cannot be read at all. */
export class BadHistoryError extends Error {
  override readonly name = 'BadHistoryError';
}

export interface HistoryFile {
  /** What does not fit is among them as one `misfit` record, whose source is {@link IN_FILE}. */
  readonly records: readonly HistoryRecord[];
  /** What was left out and why, where that takes nothing from a measurement: a report made from the file repeats it. */
  readonly notes: readonly string[];
}

/** Source of the misfits that are found when a file is read. */
export const IN_FILE = 'history.jsonl';
/** The harness samples twice a second to the end: what claims to be from long after that is from no run. */
const AFTER_THE_END_MS = 60_000;
const KINDS_NAMED = 5;

/**
 * Reads `history.jsonl`, one record a line, in the order of the file. One bad line does not take the others with it:
 * what does not fit is left out and counted, and as a history with a hole measures too little, it makes the run
 * inconclusive. A kind that this version does not know takes nothing from what it knows, and is noted. So is a last
 * line without its line end: it was being written when the writer was killed.
 *
 * @throws BadHistoryError when the file cannot be read
 */
export async function readHistory(file: string): Promise<HistoryFile> {
  const records: HistoryRecord[] = [];
  const notes: string[] = [];
  const unknown = new Map<string, number>();
  let misfit: HistoryRecord | null = null;
  const misfits = new Misfits((record) => {
    misfit = record;
  });
  let line = 0;
  const leaveOut = (at: number, text: string, reason: string): void =>
    misfits.add(IN_FILE, text, `line ${at}: ${reason}`, 0);
  const take = (text: string): void => {
    line += 1;
    if (text === '') return;
    const read = readLine(text);
    if (read.is === 'unknown') unknown.set(read.kind, (unknown.get(read.kind) ?? 0) + 1);
    else if (read.is !== 'record') leaveOut(line, text, read.is === 'misfit' ? read.reason : 'no record');
    else if (!fitsSource(read.record.kind, read.record.source)) {
      leaveOut(line, text, `${read.record.source} writes no record of kind ${read.record.kind}`);
    } else records.push(read.record);
  };
  const overlong = (start: string): void => {
    line += 1;
    leaveOut(line, start, `longer than ${LINE_LIMIT} characters`);
  };
  const splitter = new LineSplitter({ onLine: take, onOverlong: overlong });
  try {
    for await (const chunk of createReadStream(file, { encoding: 'utf8', highWaterMark: 1 << 20 })) {
      splitter.push(String(chunk));
    }
  } catch (error) {
    throw new BadHistoryError(`${file}: cannot be read: ${(error as Error).message}`, { cause: error });
  }
  const last = splitter.end();
  if (last !== null && last !== '') {
    if (readLine(last).is === 'record') take(last);
    else notes.push(`the history's last line (${line + 1}) was cut off while being written and is left out`);
  }
  if (unknown.size > 0) notes.push(unknownNote(unknown));
  const kept = withinTheRun(records, (record) =>
    misfits.add(IN_FILE, JSON.stringify(record), `t is ${record.t}, long after the run's end`, 0),
  );
  misfits.tell(IN_FILE, kept.at(-1)?.t ?? 0);
  return { records: misfit === null ? kept : [...kept, misfit], notes };
}

/** Times far from the run would make curves without end. */
function withinTheRun(
  records: readonly HistoryRecord[],
  leaveOut: (record: HistoryRecord) => void,
): readonly HistoryRecord[] {
  let lastT = 0;
  for (const { source, t } of records) if (source === 'harness' && t > lastT) lastT = t;
  if (lastT === 0) return records;
  return records.filter((record) => {
    const within = record.t <= lastT + AFTER_THE_END_MS;
    if (!within) leaveOut(record);
    return within;
  });
}

function unknownNote(unknown: ReadonlyMap<string, number>): string {
  const count = [...unknown.values()].reduce((sum, one) => sum + one, 0);
  const names = [...unknown.keys()].slice(0, KINDS_NAMED).map((kind) => JSON.stringify(kind.slice(0, 40)));
  const more = unknown.size > KINDS_NAMED ? ', …' : '';
  return `${count} records are of kinds that this version does not know (${names.join(', ')}${more}) and are left out`;
}
