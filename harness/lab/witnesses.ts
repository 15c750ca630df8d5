import type Docker from 'dockerode';
import type { HistoryRecord } from '../history/records.ts';
import { PORTS } from '../scenario/container-config.ts';
import type { Plan, PlanLink } from '../scenario/plan.ts';
import { AttachedProgram } from './containers/attached-program.ts';

/**
 * The witnesses of a plan's links: an echo in the destination's container and a pinger in the source's, over a proxy
 * that is under the same faults as the link. A container that is started again gets its own back.
 */
export class Witnesses implements AsyncDisposable {
  readonly #docker: Docker;
  readonly #idOf: (id: string) => string;
  readonly #onRecord: (record: HistoryRecord) => void;
  readonly #watched: readonly { readonly link: PlanLink; readonly listenPort: number }[];
  readonly #running = new Map<string, AttachedProgram[]>();

  constructor(docker: Docker, plan: Plan, idOf: (id: string) => string, onRecord: (record: HistoryRecord) => void) {
    this.#docker = docker;
    this.#idOf = idOf;
    this.#onRecord = onRecord;
    this.#watched = plan.witnesses.flatMap(({ link: id, listenPort }) => {
      const link = plan.links.find((one) => one.id === id);
      return link === undefined ? [] : [{ link, listenPort }];
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
    await this.#run(id, ['node', 'fixtures/gauge/witness-echo.ts', String(PORTS.witness)]);
  }

  async #ping(id: string): Promise<void> {
    const links = this.#watched.filter(({ link }) => link.source === id);
    const targets = links.map(({ link, listenPort }) => `${link.id}=${link.listen.ip}:${listenPort}`);
    await this.#run(id, ['node', 'fixtures/gauge/witness.ts', ...targets]);
  }

  async #run(id: string, command: readonly string[]): Promise<void> {
    const program = await AttachedProgram.start(this.#docker, this.#idOf(id), command, (line) => {
      if (line.includes('"kind":"witness"')) this.#onRecord({ ...(JSON.parse(line) as HistoryRecord), source: id });
    });
    this.#running.set(id, [...(this.#running.get(id) ?? []), program]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const program of [...this.#running.values()].flat()) await program[Symbol.asyncDispose]();
  }
}
