import { historySchema } from '../history/history-schema.ts';
import type { HistoryRecord, ReaderRecord } from '../history/records.ts';

/** What a reader of disks may print; nothing else of it is a record. */
const KINDS: ReadonlySet<string> = new Set<HistoryRecord['kind']>([
  'replica',
  'membership',
  'database.content',
  'disk',
  'unread',
]);

const EXAMPLE_CHARACTERS = 120;

/**
 * Takes what a reader prints, line by line. A line that was cut off, or is no record of a reader, ends nothing: it is
 * counted, and what it held is unread.
 */
export class ReaderOutput {
  readonly #onRecord: (record: HistoryRecord) => void;
  #tornLines = 0;
  #example: string | null = null;
  #isOver = false;

  constructor(onRecord: (record: HistoryRecord) => void) {
    this.#onRecord = onRecord;
  }

  take(line: string): void {
    if (this.#isOver || line === '') return;
    const record = recordOf(line);
    if (record !== null) this.#onRecord(record);
    else {
      this.#tornLines += 1;
      this.#example ??= line.length > EXAMPLE_CHARACTERS ? `${line.slice(0, EXAMPLE_CHARACTERS)}…` : line;
    }
  }

  /** Nothing is taken any more: a reader that was given up may go on printing. */
  end(): Pick<ReaderRecord, 'tornLines' | 'example'> {
    this.#isOver = true;
    return { tornLines: this.#tornLines, example: this.#example };
  }
}

function recordOf(line: string): HistoryRecord | null {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return null;
  }
  if (typeof value !== 'object' || value === null) return null;
  const checked = historySchema.safeParse({ ...value, source: 'reader' });
  return checked.success && KINDS.has(checked.data.kind) ? checked.data : null;
}
