import type { ControlRecord, HistoryRecord, NodeRecord, QueueRecord } from '../history/records.ts';
import { shortZone } from '../measure/frame.ts';
import { PAYLOAD_OF_FRAME } from '../measure/queues.ts';
import type { Plan, PlanRouter } from '../scenario/plan.ts';
import { count } from './numbers.ts';
import { RecentAnswers } from './recent-answers.ts';

/** Over how long availability is shown, ms. */
const AVAILABILITY_MS = 5000;
/** Over how long the thin network's load is shown, ms. */
const LOAD_MS = 1000;

/**
 * What a run looks like while it goes on, fed with its records as they arrive. It has no clock: time is that of
 * the newest record. What it shows is for the eye; the result is measured from the history.
 */
export class LiveView {
  readonly #thin: PlanRouter | undefined;
  readonly #nodes: ReadonlySet<string>;
  readonly #appTimeoutMs: number;
  readonly #latest = new Map<string, NodeRecord>();
  /** By application, with the name that it is shown by. */
  readonly #answers: Map<string, { readonly name: string; readonly recent: RecentAnswers }>;
  readonly #hasUsers: boolean;
  #control: ControlRecord | null = null;
  #samples: QueueRecord[] = [];
  #phase = 'starting';
  #crashed = 0;
  #startT: number | null = null;
  #nowT = 0;
  #outcome: string | null = null;

  constructor(plan: Plan) {
    const faults = plan.phases.flatMap((phase) => phase.faults);
    const zones = new Set(plan.volumes.map((volume) => volume.zone));
    const hit = faults.map((fault) => fault.targets.zone).find((id) => id !== null && zones.has(id));
    const zone = hit ?? plan.volumes[0]?.zone;
    this.#thin = plan.routers.find((router) => router.zone === zone && router.plane === 'replication');
    // A spare tells nothing before it has joined.
    const isNode = ({ role }: Plan['containers'][number]) => role === 'node' || role === 'spare';
    const nodes = plan.containers.filter((container) => isNode(container) && container.zone === zone);
    this.#nodes = new Set(nodes.map((node) => node.id));
    this.#appTimeoutMs = plan.load.appTimeoutMs;
    this.#hasUsers = plan.containers.some((container) => container.role === 'users');
    const apps = plan.containers.filter((container) => container.role === 'app');
    const alone = (app: Plan['containers'][number]) => apps.filter(({ zone }) => zone === app.zone).length === 1;
    this.#answers = new Map(
      apps.map((app) => [
        app.id,
        { name: alone(app) ? shortZone(app.zone) : app.id, recent: new RecentAnswers(AVAILABILITY_MS) },
      ]),
    );
  }

  feed(record: HistoryRecord): void {
    this.#nowT = Math.max(this.#nowT, record.t);
    switch (record.kind) {
      case 'phase':
        if (record.state === 'begin') {
          this.#phase = record.phase;
          this.#startT ??= record.t;
        }
        break;
      case 'run.end':
        this.#outcome = record.outcome;
        break;
      case 'node':
        if (this.#nodes.has(record.source)) this.#latest.set(record.source, record);
        break;
      case 'control':
        this.#control = record;
        break;
      case 'crash':
        this.#crashed += 1;
        this.#latest.delete(record.source);
        break;
      case 'queue':
        if (record.source === this.#thin?.id) this.#samples = [...since(this.#samples, record.t - LOAD_MS), record];
        break;
      case 'request': {
        const { app, ended, intended, outcome } = record;
        const ok = outcome === 'ok' && ended !== null && ended - intended <= this.#appTimeoutMs;
        this.#answers.get(app)?.recent.add(record.t, ok);
        break;
      }
      default:
        break;
    }
  }

  /** `storm 12.4 s | 32 mirrored, 16 degraded, 12 stuck | thin 98 % | a 84 %, b 100 % (5 s)` */
  line(): string {
    const elapsed = this.#startT === null ? '' : ` ${((this.#nowT - this.#startT) / 1000).toFixed(1)} s`;
    const availability = [...this.#answers.values()].map(({ name, recent }) => {
      const share = recent.share(this.#nowT);
      // Rounded down: 199 of 200 is not 100 %.
      return `${name} ${share === null ? '–' : `${Math.floor(share * 100)} %`}`;
    });
    const parts = [
      `${this.#outcome ?? this.#phase}${elapsed}`,
      this.#volumes(),
      `thin ${this.#load()}`,
      ...this.#workers(),
      ...(availability.length === 0 ? [] : [`${availability.join(', ')} (5 s)`]),
    ];
    return parts.join(' | ');
  }

  #volumes(): string {
    if (this.#latest.size === 0) return 'no node has told yet';
    const sum = (value: (record: NodeRecord) => number) =>
      this.#latest.values().reduce((total, record) => total + value(record), 0);
    const stuck = sum((record) => record.stuck);
    // A node counts its stuck volumes among the degraded ones.
    const crashed = this.#crashed === 0 ? '' : `, ${count(this.#crashed, 'node')} crashed`;
    return `${sum((record) => record.mirrored)} mirrored, ${sum((record) => record.degraded) - stuck} degraded, ${stuck} stuck${crashed}`;
  }

  /** Only where the control plane has users, who notice. */
  #workers(): string[] {
    if (!this.#hasUsers || this.#control === null) return [];
    const { busyWorkers, queued } = this.#control;
    return [`${busyWorkers} workers busy, ${queued} calls wait`];
  }

  #load(): string {
    const first = this.#samples[0];
    const last = this.#samples.at(-1);
    if (this.#thin === undefined || first === undefined || last === undefined || first.t === last.t) return '–';
    const mbit = ((last.frameBytes - first.frameBytes) * PAYLOAD_OF_FRAME * 8) / 1000 / (last.t - first.t);
    return `${Math.round((mbit / this.#thin.capacityMbit) * 100)} %`;
  }
}

const since = <T extends { readonly t: number }>(list: readonly T[], t: number): T[] =>
  list.filter((item) => item.t >= t);
