import { monotonicMs } from '../time/monotonic.ts';

/**
 * When a fault took effect at each of its targets, or was gone from it: ms of CLOCK_MONOTONIC, by the target. A call that
 * changes one target tells it when it is answered, or at the time that was read back.
 */
export class TargetTimes {
  readonly #began = monotonicMs();
  readonly #times = new Map<string, number>();

  /** Of what comes again, as on a server that was replaced, the last counts. */
  at(target: string, t: number | null = null): void {
    // What a target was like before is no work of this fault's, as where another one had killed it.
    this.#times.set(target, Math.max(this.#began, t ?? monotonicMs()));
  }

  get(target: string): number | undefined {
    return this.#times.get(target);
  }

  get targets(): readonly string[] {
    return [...this.#times.keys()];
  }

  /** At the first target; `null`: none was told. */
  get firstT(): number | null {
    return this.#times.size === 0 ? null : Math.min(...this.#times.values());
  }

  /** From the first target to the last, ms. */
  get spreadMs(): number {
    return this.#times.size === 0 ? 0 : Math.max(...this.#times.values()) - Math.min(...this.#times.values());
  }
}
