import pLimit from 'p-limit';

/**
 * One start at a time. Docker 20.10 counts an endpoint of a network twice when two containers join it at once (its
 * count is raised in memory again when the write of it has to be repeated), and then keeps the network until it is
 * restarted. Of some 90 starts six at a time, 4 ended so; creating containers side by side is harmless.
 */
export class StartTurns {
  readonly #limit = pLimit(1);

  /** Resolves when it is the caller's turn, with what ends it; calling that again does nothing. */
  async take(): Promise<() => void> {
    const [begun, over] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    void this.#limit(() => {
      begun.resolve();
      return over.promise;
    });
    await begun.promise;
    return over.resolve;
  }
}
