/**
 * Work on several targets each: one after the other on every target, in the order in which it was asked for. What has no
 * target in common with what goes on does not wait for it.
 */
export class Turns {
  readonly #going: { readonly name: string; readonly targets: ReadonlySet<string>; readonly over: Promise<unknown> }[] =
    [];

  /** @param work is told whom it has waited for */
  take(name: string, targets: readonly string[], work: (waitedFor: readonly string[]) => Promise<void>): Promise<void> {
    const own = new Set(targets);
    const before = this.#going.filter((one) => !one.targets.isDisjointFrom(own));
    const done = this.#after(before, work);
    const turn = { name, targets: own, over: done.catch(() => undefined) };
    this.#going.push(turn);
    void turn.over.then(() => this.#going.splice(this.#going.indexOf(turn), 1));
    return done;
  }

  async #after(
    before: readonly { readonly name: string; readonly over: Promise<unknown> }[],
    work: (waitedFor: readonly string[]) => Promise<void>,
  ): Promise<void> {
    if (before.length > 0) await Promise.all(before.map(({ over }) => over));
    await work(before.map(({ name }) => name));
  }

  get isIdle(): boolean {
    return this.#going.length === 0;
  }

  /** When nothing goes on any more. Never rejects. */
  async idle(): Promise<void> {
    while (!this.isIdle) await Promise.all(this.#going.map(({ over }) => over));
  }
}
