import type Docker from 'dockerode';
import { Intake } from '../history/intake.ts';
import type { HistoryRecord } from '../history/records.ts';
import type { Plan, PlanLink, PlanWitness } from '../scenario/plan.ts';
import { monotonicMs } from '../time/monotonic.ts';
import { AttachedProgram } from './containers/attached-program.ts';
import { HostProgram } from './host-program.ts';

const HOST = 'host';

interface Watched {
  readonly link: PlanLink;
  readonly witness: PlanWitness;
}

export interface WitnessesOptions {
  readonly docker: Docker;
  readonly plan: Plan;
  /** The engine's id of a plan's container. */
  readonly idOf: (id: string) => string;
  /** The port on 127.0.0.1 on which a router's port is published. */
  readonly publishedPort: (router: string, port: number) => number;
  readonly onRecord: (record: HistoryRecord) => void;
}

/**
 * The witnesses of a plan's links: an echo in the destination's container and a pinger at the source, in its container
 * or on the host, over a proxy that is under the same faults as the link. A container that is started again gets its
 * own back. One that ends is not started again: what was not seen meanwhile is told by its silence.
 */
export class Witnesses implements AsyncDisposable {
  readonly #options: WitnessesOptions;
  readonly #intake: Intake;
  readonly #watched: readonly Watched[];
  readonly #running = new Map<string, AsyncDisposable[]>();

  constructor(options: WitnessesOptions) {
    this.#options = options;
    const { plan, onRecord } = options;
    this.#intake = new Intake({ onRecord, now: monotonicMs });
    this.#watched = plan.witnesses.flatMap((witness) => {
      const link = plan.links.find((one) => one.id === witness.link);
      return link === undefined ? [] : [{ link, witness }];
    });
  }

  /** Echoes first, so that the first ping finds one. */
  async start(): Promise<void> {
    await Promise.all([...new Set(this.#watched.map(({ link }) => link.destination))].map((id) => this.#echo(id)));
    await Promise.all([...new Set(this.#watched.map(({ link }) => link.source))].map((id) => this.#ping(id)));
  }

  /** Of a container that has been started again. */
  async restart(id: string): Promise<void> {
    for (const program of this.#running.get(id) ?? []) await program[Symbol.asyncDispose]();
    this.#running.delete(id);
    if (this.#watched.some(({ link }) => link.destination === id)) await this.#echo(id);
    if (this.#watched.some(({ link }) => link.source === id)) await this.#ping(id);
  }

  async #echo(id: string): Promise<void> {
    const own = this.#watched.filter(({ link }) => link.destination === id);
    const ports = new Set(own.map(({ witness }) => witness.port));
    await this.#run(id, ['fixtures/gauge/witness-echo.ts', ...[...ports].map(String)]);
  }

  async #ping(id: string): Promise<void> {
    const own = this.#watched.filter(({ link }) => link.source === id);
    await this.#run(id, ['fixtures/gauge/witness.ts', ...own.map((one) => `${one.link.id}=${this.#addressOf(one)}`)]);
  }

  /** Where a witness dials: from outside by the router's published port, as the host's own links do. */
  #addressOf({ link, witness }: Watched): string {
    return link.source === HOST
      ? `127.0.0.1:${this.#options.publishedPort(link.router, witness.listenPort)}`
      : `${link.listen.ip}:${witness.listenPort}`;
  }

  /** A program of the fixtures, on Node.js. */
  async #run(id: string, command: readonly string[]): Promise<void> {
    const { docker, idOf } = this.#options;
    const onLine = (line: string): void => this.#intake.take(id, 'witness', line);
    const program =
      id === HOST
        ? HostProgram.start(command, onLine)
        : await AttachedProgram.start(docker, idOf(id), ['node', ...command], onLine);
    this.#running.set(id, [...(this.#running.get(id) ?? []), program]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const [id, programs] of this.#running) {
      for (const program of programs) await program[Symbol.asyncDispose]();
      this.#intake.ended(id);
    }
  }
}
