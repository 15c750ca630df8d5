/** Longest line that can be a record, characters. The longest of ours, a ledger of a large volume, has some megabytes. */
export const LINE_LIMIT = 64 * 1024 * 1024;

/** Of a line that is too long, so much is kept to show what it was. */
const START_KEPT = 1024;

export interface LineSplitterOptions {
  readonly onLine: (line: string) => void;
  /** A line longer than the limit, of which nothing but its `start` was kept; told once, when it is known to be. */
  readonly onOverlong: (start: string) => void;
  /** Characters; default {@link LINE_LIMIT}. */
  readonly limit?: number;
}

/**
 * Text that comes in pieces, line by line. What it keeps is bounded, and so is what it does for each piece: a program
 * that never ends its line would otherwise take the observer's memory, and its time with every piece.
 */
export class LineSplitter {
  readonly #options: LineSplitterOptions;
  readonly #limit: number;
  #pieces: string[] = [];
  #length = 0;
  #overlong = false;

  constructor(options: LineSplitterOptions) {
    this.#options = options;
    this.#limit = options.limit ?? LINE_LIMIT;
  }

  push(text: string): void {
    let from = 0;
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', from)) {
      this.#keep(text.slice(from, end));
      from = end + 1;
      const line = this.end();
      if (line !== null) this.#options.onLine(line);
    }
    if (from < text.length) this.#keep(from === 0 ? text : text.slice(from));
  }

  /** The last line, which has no line end; `null`: it was too long. Empty where there is none. */
  end(): string | null {
    const line = this.#overlong ? null : this.#pieces.join('');
    this.#pieces = [];
    this.#length = 0;
    this.#overlong = false;
    return line;
  }

  #keep(piece: string): void {
    if (this.#overlong) return;
    this.#length += piece.length;
    this.#pieces.push(piece);
    if (this.#length <= this.#limit) return;
    this.#overlong = true;
    const start = this.#pieces.join('').slice(0, START_KEPT);
    this.#pieces = [];
    this.#options.onOverlong(start);
  }
}
