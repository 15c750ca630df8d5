import type { BoundFault } from '../fault/catalogue.ts';
import type { TargetTimes } from '../fault/target-times.ts';
import type { DoseRecord } from '../history/records.ts';

/** What is known of a fault once it is in force. */
export interface Applied {
  readonly times: TargetTimes;
  /** When it was read back, ms of CLOCK_MONOTONIC. */
  readonly t: number;
  /** Tells what was measured since. */
  readonly finish: () => Promise<DoseRecord[]>;
}

interface InForce {
  readonly fault: BoundFault;
  applied: Applied | null;
}

/** Which of a phase's faults is to be applied or put back when. Times are ms since the phase's begin. */
export class FaultSchedule {
  readonly #began: number;
  readonly #waiting: BoundFault[];
  #inForce: InForce[] = [];
  readonly #applied = new Map<BoundFault, Applied>();

  /**
   * @param began when the phase did, ms of CLOCK_MONOTONIC
   * @param faults in the order of their times, as a plan has them
   */
  constructor(began: number, faults: readonly BoundFault[]) {
    this.#began = began;
    this.#waiting = [...faults];
  }

  /** Whose time to be put back has come first. It counts as put back from now on. */
  takeRevert(now: number): BoundFault | null {
    const [first] = this.#inForce
      .filter((one) => (this.#until(one) ?? Number.POSITIVE_INFINITY) <= now)
      .sort((a, b) => (this.#until(a) ?? 0) - (this.#until(b) ?? 0));
    if (first === undefined) return null;
    this.#inForce = this.#inForce.filter((one) => one !== first);
    return first.fault;
  }

  /** Whose time to be applied has come; it waits no longer. */
  takeApply(now: number): BoundFault | null {
    const [first] = this.#waiting;
    if (first === undefined || first.plan.atSeconds * 1000 > now) return null;
    return this.#waiting.shift() ?? null;
  }

  /** From before it is applied, so that one that is applied by half is put back too. */
  begin(fault: BoundFault): void {
    this.#inForce.push({ fault, applied: null });
  }

  /** It is in force: its own time counts from its first target. */
  applied(fault: BoundFault, applied: Applied): void {
    this.#applied.set(fault, applied);
    const own = this.#inForce.find((one) => one.fault === fault);
    if (own !== undefined) own.applied = applied;
  }

  /** `null`: it never was in force as a whole. */
  appliedOf(fault: BoundFault): Applied | null {
    return this.#applied.get(fault) ?? null;
  }

  /** When something is to be done next; `null`: nothing more, as far as is known by now. */
  get nextAt(): number | null {
    const times = [
      ...this.#waiting.slice(0, 1).map(({ plan }) => plan.atSeconds * 1000),
      ...this.#inForce.flatMap((one) => this.#until(one) ?? []),
    ];
    return times.length === 0 ? null : Math.min(...times);
  }

  /** When it is to be put back; `null`: when the phase ends, or that is not known yet. */
  #until({ fault, applied }: InForce): number | null {
    const { forSeconds } = fault.plan;
    if (forSeconds === null || applied === null) return null;
    return (applied.times.firstT ?? applied.t) - this.#began + forSeconds * 1000 - fault.leadMs();
  }

  /** In the order in which they were begun. */
  get inForce(): readonly BoundFault[] {
    return this.#inForce.map(({ fault }) => fault);
  }

  get waiting(): readonly BoundFault[] {
    return this.#waiting;
  }
}
