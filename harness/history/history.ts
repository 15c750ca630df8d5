import type { HistoryRecord } from './records.ts';

type Kind = HistoryRecord['kind'];
type RecordOf<K extends Kind> = Extract<HistoryRecord, { kind: K }>;

/**
 * A run's records by kind and in order of time. The file's own order is that of arrival, in which one container's
 * lines may come after later ones of another.
 */
export class History {
  readonly #byKind: ReadonlyMap<Kind, readonly HistoryRecord[]>;
  /** How many records there are, but for those that tell of lines which are none. */
  readonly size: number;
  /** Time of the last record, ms; 0 in an empty history. */
  readonly lastT: number;

  constructor(records: Iterable<HistoryRecord>) {
    const byKind = new Map<Kind, HistoryRecord[]>();
    let lastT = 0;
    let size = 0;
    for (const record of records) {
      const list = byKind.get(record.kind);
      if (list === undefined) byKind.set(record.kind, [record]);
      else list.push(record);
      if (record.kind !== 'misfit') size += 1;
      if (record.t > lastT) lastT = record.t;
    }
    // Array.prototype.sort is stable: records of one moment keep the order of arrival.
    for (const list of byKind.values()) list.sort((a, b) => a.t - b.t);
    this.#byKind = byKind;
    this.lastT = lastT;
    this.size = size;
  }

  of<K extends Kind>(kind: K): readonly RecordOf<K>[] {
    // Only records of this kind were put there.
    return (this.#byKind.get(kind) ?? []) as readonly RecordOf<K>[];
  }

  /** The records of one kind, a list for each source. */
  bySource<K extends Kind>(kind: K): ReadonlyMap<string, readonly RecordOf<K>[]> {
    return Map.groupBy(this.of(kind), (record) => record.source);
  }
}
