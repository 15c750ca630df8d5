import type { HistoryRecord, NodeRecord } from '../history/records.ts';
import type { Plan } from '../scenario/plan.ts';

/** The newest state that each node printed, to know when a phase may end. The verdict never comes from here. */
export class LiveState {
  readonly #nodes = new Map<string, NodeRecord>();
  readonly #volumes: number;

  constructor(plan: Plan) {
    this.#volumes = plan.volumes.length;
  }

  take(record: HistoryRecord): void {
    if (record.kind === 'node') this.#nodes.set(record.source, record);
    // It serves nothing any more: its volumes are told of by those that took over, or by nobody.
    else if (record.kind === 'crash') this.#nodes.delete(record.source);
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
