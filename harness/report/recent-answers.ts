/** The answers of the last so many milliseconds. It costs as much to add one when there are many of them as when few. */
export class RecentAnswers {
  readonly #forMs: number;
  /** In the order of arrival, which is that of time but for milliseconds. Those before `#first` are too old. */
  #answers: { readonly t: number; readonly ok: boolean }[] = [];
  #first = 0;
  #ok = 0;

  constructor(forMs: number) {
    this.#forMs = forMs;
  }

  add(t: number, ok: boolean): void {
    this.#answers.push({ t, ok });
    if (ok) this.#ok += 1;
    this.#forget(t);
  }

  /** Of those since `nowT` minus the time, the share that was ok; `null`: there are none. */
  share(nowT: number): number | null {
    this.#forget(nowT);
    const count = this.#answers.length - this.#first;
    return count === 0 ? null : this.#ok / count;
  }

  #forget(nowT: number): void {
    for (let one = this.#answers[this.#first]; one !== undefined; one = this.#answers[this.#first]) {
      if (one.t >= nowT - this.#forMs) break;
      if (one.ok) this.#ok -= 1;
      this.#first += 1;
    }
    if (this.#first * 2 < this.#answers.length) return;
    this.#answers = this.#answers.slice(this.#first);
    this.#first = 0;
  }
}
