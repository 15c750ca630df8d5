/** What goes on beside the phases. */
export class Background {
  /** Aborted when what is proved is of no use any more. */
  readonly signal: AbortSignal;
  readonly #actions: Promise<unknown>[] = [];
  readonly #proofs: Promise<Error | null>[] = [];

  constructor(signal: AbortSignal) {
    this.signal = signal;
  }

  /** An operator's, who never rejects. */
  action(performed: Promise<unknown>): void {
    this.#actions.push(performed);
  }

  proof(proved: Promise<void>): void {
    this.#proofs.push(
      proved.then(
        () => null,
        (error: Error) => error,
      ),
    );
  }

  /** When all proofs have ended: the errors of those that failed. */
  async proved(): Promise<Error[]> {
    return (await Promise.all(this.#proofs)).filter((error) => error !== null);
  }

  /** @throws the first error of a proof */
  async finish(): Promise<void> {
    await Promise.all(this.#actions);
    const [error] = await this.proved();
    if (error !== undefined) throw error;
  }
}
