/**
 * What a correct answer may be, per record, seen from outside: the last value whose write was acknowledged, or any
 * value whose write was sent and whose outcome is not known, since it may still take effect. A value that was
 * definitely refused may not appear.
 */
export class RecordExpectations {
  readonly #acknowledged = new Map<string, string>();
  readonly #possible = new Map<string, Set<string>>();
  readonly #inFlight = new Set<string>();

  /** One write at a time per record, so that the order of acknowledgements is the order of the values. */
  canWrite(key: string): boolean {
    return !this.#inFlight.has(key);
  }

  begin(key: string, value: string): void {
    this.#inFlight.add(key);
    this.#possibleOf(key).add(value);
  }

  end(key: string, value: string, outcome: 'ok' | 'failed' | 'unknown'): void {
    this.#inFlight.delete(key);
    if (outcome === 'ok') {
      this.#acknowledged.set(key, value);
      this.#possibleOf(key).delete(value);
    }
    if (outcome === 'failed') this.#possibleOf(key).delete(value);
  }

  /** What may be read, as of now; `null` is "no such record". Take it before the read is sent. */
  allowed(key: string): ReadonlySet<string | null> {
    return new Set([this.#acknowledged.get(key) ?? null, ...this.#possibleOf(key)]);
  }

  #possibleOf(key: string): Set<string> {
    const known = this.#possible.get(key) ?? new Set<string>();
    this.#possible.set(key, known);
    return known;
  }
}
