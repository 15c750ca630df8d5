import type { HistoryRecord } from '../history/records.ts';
import { LiveView } from '../report/live-line.ts';
import type { Plan } from '../scenario/plan.ts';

const TERMINAL_INTERVAL_MS = 250;
/** Where stderr is a file or a CI log, one line now and then says that the run goes on. */
const LOG_INTERVAL_MS = 5_000;

/** Shows the state of the run in one line that is written over on a terminal. */
export class LiveLine {
  readonly #view: LiveView;
  readonly #stream: NodeJS.WriteStream;
  readonly #interval: number;
  #shownAt = 0;
  #shown = false;

  constructor(plan: Plan, stream: NodeJS.WriteStream) {
    this.#view = new LiveView(plan);
    this.#stream = stream;
    this.#interval = stream.isTTY ? TERMINAL_INTERVAL_MS : LOG_INTERVAL_MS;
  }

  take(record: HistoryRecord): void {
    this.#view.feed(record);
    if (record.kind !== 'phase' && record.t - this.#shownAt < this.#interval) return;
    const line = this.#view.line();
    if (line === '') return;
    this.#shownAt = record.t;
    this.#shown = true;
    this.#stream.write(this.#stream.isTTY ? `\r\x1b[2K${line.slice(0, this.#stream.columns - 1)}` : `${line}\n`);
  }

  /** Prints something else without tearing the line. */
  interrupt(print: () => void): void {
    this.end();
    print();
  }

  end(): void {
    if (this.#shown && this.#stream.isTTY) this.#stream.write('\r\x1b[2K');
    this.#shown = false;
  }
}
