import type { MisfitRecord } from './records.ts';

/** Characters of a line that are shown of it. */
const EXAMPLE_CHARACTERS = 160;
/** How often the count of a source that goes on is written. */
export const MISFITS_EVERY_MS = 1_000;

interface Told {
  readonly reason: string;
  readonly example: string;
  count: number;
  toldCount: number;
  toldT: number;
}

/**
 * Counts what does not fit, by source, and makes records of it: the first at once, and of more whoever feeds it sees to
 * it that they are told once a second.
 */
export class Misfits {
  readonly #onRecord: (record: MisfitRecord) => void;
  readonly #bySource = new Map<string, Told>();

  constructor(onRecord: (record: MisfitRecord) => void) {
    this.#onRecord = onRecord;
  }

  /** @param t now, ms of the monotonic clock */
  add(source: string, line: string, reason: string, t: number): void {
    const told = this.#bySource.get(source) ?? this.#first(source, line, reason);
    told.count += 1;
    if (told.count === 1 || t - told.toldT >= MISFITS_EVERY_MS) this.tell(source, t);
  }

  /** Writes what has not been written of a source. */
  tell(source: string, t: number): void {
    const told = this.#bySource.get(source);
    if (told === undefined || told.count === told.toldCount) return;
    told.toldCount = told.count;
    told.toldT = t;
    const { count, reason, example } = told;
    this.#onRecord({ kind: 'misfit', t, source, count, reason, example });
  }

  /** Writes what has not been written of any source. */
  tellAll(t: number): void {
    for (const source of this.#bySource.keys()) this.tell(source, t);
  }

  #first(source: string, line: string, reason: string): Told {
    const told = { reason, example: exampleOf(line), count: 0, toldCount: 0, toldT: 0 };
    this.#bySource.set(source, told);
    return told;
  }
}

const exampleOf = (line: string): string =>
  line.length <= EXAMPLE_CHARACTERS ? line : `${line.slice(0, EXAMPLE_CHARACTERS)}…`;
