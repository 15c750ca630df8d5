import type { BoundFault } from '../fault/catalogue.ts';
import type { DoseRecord } from '../history/records.ts';

interface InForce {
  readonly fault: BoundFault;
  /** ms since the phase's begin; `null`: when it ends. */
  readonly until: number | null;
}

/** Which of a phase's faults is to be applied or put back when. Times are ms since the phase's begin. */
export class FaultSchedule {
  readonly #waiting: BoundFault[];
  #inForce: InForce[] = [];
  readonly #measuring = new Map<BoundFault, () => Promise<DoseRecord[]>>();

  /** @param faults in the order of their times, as a plan has them */
  constructor(faults: readonly BoundFault[]) {
    this.#waiting = [...faults];
  }

  /** Whose time to be put back has come first. It counts as put back from now on. */
  takeRevert(now: number): BoundFault | null {
    const [first] = this.#inForce
      .filter(({ until }) => until !== null && until <= now)
      .sort((a, b) => (a.until ?? 0) - (b.until ?? 0));
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
    const { atSeconds, forSeconds } = fault.plan;
    this.#inForce.push({ fault, until: forSeconds === null ? null : (atSeconds + forSeconds) * 1000 });
  }

  /** `finish` tells what was measured since the fault was applied. */
  measure(fault: BoundFault, finish: () => Promise<DoseRecord[]>): void {
    this.#measuring.set(fault, finish);
  }

  async finish(fault: BoundFault): Promise<DoseRecord[]> {
    return (await this.#measuring.get(fault)?.()) ?? [];
  }

  /** When something is to be done next; `null`: nothing more. */
  get nextAt(): number | null {
    const times = [
      ...this.#waiting.slice(0, 1).map(({ plan }) => plan.atSeconds * 1000),
      ...this.#inForce.flatMap(({ until }) => (until === null ? [] : [until])),
    ];
    return times.length === 0 ? null : Math.min(...times);
  }

  /** In the order in which they were begun. */
  get inForce(): readonly BoundFault[] {
    return this.#inForce.map(({ fault }) => fault);
  }

  get waiting(): readonly BoundFault[] {
    return this.#waiting;
  }
}
