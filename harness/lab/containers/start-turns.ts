import pLimit from 'p-limit';

/**
 * One start at a time. When several containers join a network at once, Docker 20.10 sometimes keeps the network until
 * it is restarted: it has "active endpoints" and lists none. Six at a time, 3 of some 30 starts by dockerode alone and 1
 * of 13 killed runs ended so. Why is not proved; a count of endpoints that is raised twice would look like this.
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
