import type { HistoryRecord, NodeRecord } from '../history/records.ts';
import type { Plan } from '../scenario/plan.ts';

/** A machine that was busier than this in its last two samples has not come to rest: share of all CPUs. */
const REST_BUSY_SHARE = 0.7;

/** The newest state that was told, to know when a phase may begin or end. The verdict never comes from here. */
export class LiveState {
  readonly #nodes = new Map<string, NodeRecord>();
  readonly #volumes: number;
  /** Of the machine's last two samples, the older first. */
  #busy: readonly number[] = [];

  constructor(plan: Plan) {
    this.#volumes = plan.volumes.length;
  }

  take(record: HistoryRecord): void {
    if (record.kind === 'node') this.#nodes.set(record.source, record);
    else if (record.kind === 'host') this.#busy = [...this.#busy.slice(-1), record.busyShare];
    // It serves nothing any more: its volumes are told of by those that took over, or by nobody.
    else if (record.kind === 'crash') this.#nodes.delete(record.source);
  }

  /** The machine's last two samples, which are a second, were below what a run may take of it. */
  get machineRests(): boolean {
    return this.#busy.length === 2 && this.#busy.every((share) => share < REST_BUSY_SHARE);
  }

  /** Every volume is accounted for by some primary, and none is degraded. */
  get mirrored(): boolean {
    return this.#sum('mirrored') >= this.#volumes && this.#sum('degraded') === 0;
  }

  /** Fewer than 1 % of the volumes are stuck. */
  get recovered(): boolean {
    const known = this.#sum('mirrored') + this.#sum('degraded');
    return known >= this.#volumes && this.#sum('stuck') < 0.01 * this.#volumes;
  }

  #sum(field: 'mirrored' | 'degraded' | 'stuck'): number {
    let sum = 0;
    for (const node of this.#nodes.values()) sum += node[field];
    return sum;
  }
}
