import { MISFITS_EVERY_MS, Misfits } from './misfits.ts';
import { type ReadLine, readLine } from './read-line.ts';
import type { HistoryRecord } from './records.ts';
import { mayWrite, type Writer } from './writers.ts';

/** A record is read after it was made, by one clock; more than this is no delay of ours. */
const AHEAD_MS = 1_000;

export interface IntakeOptions {
  readonly onRecord: (record: HistoryRecord) => void;
  /** Milliseconds of the monotonic clock. */
  readonly now: () => number;
}

/**
 * Where what programs print becomes records. A program writes the kinds of its role and no others: a line that looks
 * like the harness's own, or like nothing that there is, is left out, counted, and told as a `misfit`.
 */
export class Intake {
  readonly #options: IntakeOptions;
  readonly #misfits: Misfits;
  readonly #startT: number;
  #telling: NodeJS.Timeout | null = null;

  constructor(options: IntakeOptions) {
    this.#options = options;
    this.#misfits = new Misfits(options.onRecord);
    this.#startT = options.now();
  }

  /** A line of a program; text that does not claim to be a record is none of ours. */
  take(source: string, writer: Writer, line: string): void {
    const read = readLine(line, source);
    if (read.is === 'other') return;
    const why = read.is === 'record' ? this.#whyNot(writer, read.record) : reasonOf(read);
    if (why !== null) this.#leaveOut(source, line, why);
    else if (read.is === 'record') this.#options.onRecord(read.record);
  }

  /** A line that is too long to be kept, by its beginning. */
  overlong(source: string, start: string): void {
    this.#leaveOut(source, start, 'a line that is too long to be a record');
  }

  /** A program has ended: what is counted of it is written. */
  ended(source: string): void {
    this.#misfits.tell(source, this.#options.now());
  }

  #whyNot(writer: Writer, { kind, t }: HistoryRecord): string | null {
    if (!mayWrite(writer, kind)) return `a program of role ${writer} writes no record of kind ${kind}`;
    const now = this.#options.now();
    if (t >= this.#startT - AHEAD_MS && t <= now + AHEAD_MS) return null;
    return `t is ${t}, expected a time of this run, ${Math.round(this.#startT)} to ${Math.round(now)} ms`;
  }

  #leaveOut(source: string, line: string, reason: string): void {
    this.#misfits.add(source, line, reason, this.#options.now());
    // Whoever is killed next may say nothing more, and a run that breaks does not wait for programs to end.
    this.#telling ??= setTimeout(() => {
      this.#telling = null;
      this.#misfits.tellAll(this.#options.now());
    }, MISFITS_EVERY_MS).unref();
  }
}

const reasonOf = (read: Exclude<ReadLine, { is: 'record' | 'other' }>): string =>
  read.is === 'misfit' ? read.reason : `no kind of record: ${quoted(read.kind)}`;

const quoted = (kind: string): string => JSON.stringify(kind.length <= 40 ? kind : `${kind.slice(0, 40)}…`);
