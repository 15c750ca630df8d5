import type Docker from 'dockerode';
import pLimit, { type LimitFunction } from 'p-limit';
import { getContainerRuntimeClient, Wait } from 'testcontainers';
import type { ActionTarget } from '../action/action.ts';
import { DeadEnds } from '../fabric/dead-ends.ts';
import type { Router } from '../fabric/router.ts';
import type { FaultTarget } from '../fault/fault.ts';
import type { HistoryRecord } from '../history/records.ts';
import type { Plan, PlanContainer, Role } from '../scenario/plan.ts';
import { allEnded } from '../time/all-ended.ts';
import { withDeadline } from '../time/deadline.ts';
import { monotonicMs } from '../time/monotonic.ts';
import type { ShapingChoice } from './choose-shaping.ts';
import { clean } from './clean.ts';
import { LabContainerControl } from './containers/control.ts';
import { keptFolder, limitedDisks, limitedVolume, startKeeper } from './containers/disk-keeper.ts';
import { watchExits } from './containers/exit-watch.ts';
import { startHelper } from './containers/helper-container.ts';
import { Hold } from './containers/hold.ts';
import { LabContainer } from './containers/lab-container.ts';
import { runInside } from './containers/run-inside.ts';
import { withoutHeaders } from './containers/without-headers.ts';
import { Stop } from './engine/bounded-calls.ts';
import { EnvironmentError } from './environment-error.ts';
import { LABELS, labelsOf } from './labels.ts';
import { LIMITS } from './limits.ts';
import { bypassTrials, type Outcomes, tryBypass } from './networks/bypass.ts';
import { createNetworks, type NetworkNames } from './networks/create-networks.ts';
import { type Arrivals, Isolation } from './networks/isolation.ts';
import { programEnvironment } from './program-environment.ts';
import { Programs } from './programs.ts';
import { type StartedRouter, startRouter } from './start-router.ts';
import { Telemetry } from './telemetry.ts';
import { Witnesses } from './witnesses.ts';

export interface LabImages {
  readonly runtime: string;
  readonly toxiproxy: string;
  readonly fixtures: string;
}

export interface LabOptions {
  readonly docker: Docker;
  readonly plan: Plan;
  readonly runId: string;
  readonly images: LabImages;
  readonly shaping: ShapingChoice;
  readonly sessionLabels: Readonly<Record<string, string>>;
  readonly progress: (line: string) => void;
  readonly onRecord: (record: HistoryRecord) => void;
  /** Sees every line that a program prints, records or not. */
  readonly onLine?: (id: string, line: string) => void;
  readonly signal: AbortSignal;
  /** Aborted when the engine is dead: nothing waits for it any longer. */
  readonly gone?: AbortSignal;
}

/**
 * The gauges first, which measure the paths while nobody else uses them; then storage, then those who use it: an
 * instance is ready when its volumes are attached. Users of the control plane come last, as their load begins at once,
 * and hundreds of volumes that are attached at the same time are a load of their own.
 */
const START_ORDER: readonly (readonly Role[])[] = [
  ['gauge'],
  ['control-plane'],
  ['node'],
  ['instances', 'app', 'databases'],
  // A primary is ready when it is synchronous with its standby, and a client when primaries serve.
  ['failover-agent', 'database-standbys'],
  ['database-primary'],
  ['database-clients'],
  ['users'],
];

/** Their containers start with the others; their programs begin when an operator adds them. */
const HELD_BACK: readonly Role[] = ['spare'];

/** Of a program that did not get ready, for the error. */
const LAST_LINES = 15;

/** The running containers of one plan, and what the faults may do to them. */
export class Lab implements FaultTarget, ActionTarget, AsyncDisposable {
  readonly plan: Plan;
  readonly runId: string;
  readonly docker: Docker;
  readonly telemetry: Telemetry;
  readonly containers: LabContainerControl;
  readonly programs: Programs;
  readonly #options: LabOptions;
  readonly #routers = new Map<string, Router>();
  readonly #containerIds = new Map<string, string>();
  readonly #dead: DeadEnds;
  readonly #witnesses: Witnesses;
  #networks: NetworkNames = new Map();
  #isolation: Isolation | null = null;
  #keeper: string | null = null;
  readonly #stopping = new Set<string>();
  #exits: Disposable | null = null;

  private constructor(options: LabOptions) {
    this.#options = options;
    this.plan = options.plan;
    this.runId = options.runId;
    this.docker = options.docker;
    this.telemetry = new Telemetry({
      docker: options.docker,
      writerOf: (id) => roleOf(options.plan, id),
      onRecord: (record) => {
        options.onRecord(record);
        this.programs.take(record);
      },
      onLine: options.onLine,
    });
    this.#dead = new DeadEnds({
      plan: options.plan,
      linksOf: (router) => this.router(router).links,
      onTrouble: ({ message }) => options.progress(message),
    });
    this.#witnesses = new Witnesses({
      docker: options.docker,
      plan: options.plan,
      idOf: (id) => this.containerId(id),
      publishedPort: (router, port) => this.#publishedPort(router, port),
      onRecord: options.onRecord,
    });
    this.containers = new LabContainerControl({
      docker: options.docker,
      idOf: (id) => this.containerId(id),
      gone: options.gone ?? new AbortController().signal,
      onStarted: async (id, sinceSeconds, hold) => {
        await this.#isolation?.enforce(this.#arrivals([id]));
        await this.telemetry.follow(id, this.containerId(id), sinceSeconds);
        this.programs.restarted(id, hold, () => this.#dead.ready(id));
        await this.#witnesses.restart(id);
      },
      onKilled: async (id) => {
        this.programs.killed(id);
        await this.#dead.killed(id);
      },
      diskOf: (id) =>
        this.#keeper === null || !limitedDisks(this.plan).has(id)
          ? null
          : { keeper: this.#keeper, folder: keptFolder(id) },
    });
    this.programs = new Programs({
      plan: options.plan,
      isRunning: async (id) => (await this.containers.state(id)).running,
      gone: options.gone ?? new AbortController().signal,
    });
  }

  /**
   * Networks, routers with their capacities and links, then the containers in their order. What was started is
   * removed again when anything fails.
   *
   * @throws SubnetTakenError when another run took the plan's addresses; EnvironmentError; Error with the last
   *   lines that a program printed when it did not get ready.
   */
  static async start(options: LabOptions): Promise<Lab> {
    const lab = new Lab(options);
    try {
      const { container } = await getContainerRuntimeClient();
      using stop = new Stop(options.signal, [options.docker, container.dockerode]);
      await lab.#start(stop);
      return lab;
    } catch (error) {
      await lab.remove();
      throw error;
    }
  }

  router(id: string): Router {
    const router = this.#routers.get(id);
    if (router === undefined) throw new Error(`no router ${id}`);
    return router;
  }

  get routers(): readonly Router[] {
    return [...this.#routers.values()];
  }

  containerId(id: string): string {
    const found = this.#containerIds.get(id);
    if (found === undefined) throw new Error(`no container ${id}`);
    return found;
  }

  /** Ids of the plan's containers with a role. */
  withRole(...roles: readonly Role[]): string[] {
    return this.plan.containers.filter((one) => roles.includes(one.role)).map((one) => one.id);
  }

  /** Name of a plan's network on the engine. */
  networkName(network: string): string {
    const name = this.#networks.get(network);
    if (name === undefined) throw new Error(`no network ${network}`);
    return name;
  }

  /** Port on 127.0.0.1 of a link from the host. */
  hostPort(linkId: string): number {
    const link = this.plan.links.find((one) => one.id === linkId);
    if (link === undefined) throw new Error(`no link ${linkId} from the host`);
    return this.#publishedPort(link.router, link.listen.port);
  }

  #publishedPort(router: string, port: number): number {
    const published = this.router(router).published.get(port);
    if (published === undefined) throw new Error(`port ${port} of ${router} is not published`);
    return published;
  }

  /**
   * SIGUSR2 to all at the same time, on which they stop what they do, and then SIGTERM to few at a time, on which they
   * end; SIGKILL to one that does not. Their last records are read before this resolves.
   */
  async stop(ids: readonly string[]): Promise<void> {
    for (const id of ids) this.#stopping.add(id);
    const limit = pLimit(LIMITS.stopConcurrency);
    const within = (work: Promise<unknown>, id: string): Promise<unknown> =>
      withDeadline(work.catch(unlessNotRunning), LIMITS.containerMs, `the stop of ${id}`, this.#options.gone);
    const container = (id: string): Docker.Container => this.docker.getContainer(this.containerId(id));
    await Promise.all(ids.map((id) => within(container(id).kill({ signal: 'SIGUSR2' }), id)));
    await Promise.all(
      ids.map(async (id) => {
        await limit(() => within(container(id).stop({ t: LIMITS.stopSeconds }), id));
        await this.telemetry.drained(id);
      }),
    );
  }

  async #start(stop: Stop): Promise<void> {
    const { plan, progress, shaping } = this.#options;
    this.#exits = await watchExits(this.docker, this.runId, (id, exitCode) => {
      if (this.#stopping.has(id) || !plan.containers.some((one) => one.id === id)) return;
      this.#options.onRecord({ kind: 'exit', t: monotonicMs(), source: id, exitCode });
    });
    const [networks, helper] = await allEnded([
      stop.during(createNetworks(this.#options)),
      stop.during(this.#startIsolationHelper()),
    ]);
    this.#networks = networks;
    progress(`${networks.size} networks`);
    const limit = pLimit(LIMITS.startConcurrency);
    if (shaping.reason !== null) progress(`no shaping in the kernel (${shaping.reason}): Toxiproxy's rates instead`);
    const [routers, programs, isolation] = await allEnded([
      Promise.all(plan.routers.map(({ id }) => limit(() => stop.during(this.#startRouter(id))))),
      this.#startPrograms(limit, stop),
      stop.during(this.#startIsolation(helper)),
    ]);
    isolation?.spare(routers.flatMap(({ ports }) => ports));
    await isolation?.enforce(this.#arrivals([...plan.containers, ...plan.routers].map(({ id }) => id)));
    this.#isolation = isolation;
    progress(`${plan.routers.length} routers, ${plan.links.length} links`);
    const noBypass = stop.during(isolation === null ? Promise.resolve() : this.#probeBypass());
    noBypass.catch(() => undefined);
    for (const roles of START_ORDER) {
      // The gauges take longer; they reach nobody but routers.
      if (!roles.includes('gauge')) await noBypass;
      // Each is a process that the engine starts in a container: before the nodes, or it would make heartbeats late.
      if (roles.includes('control-plane')) await stop.during(this.#witnesses.start());
      const containers = plan.containers.filter((one) => roles.includes(one.role));
      if (containers.length === 0) continue;
      await stop.during(Promise.all(containers.map((one) => limit(async () => programs.get(one.id)?.()))));
      progress(`${containers.length} × ${roles.join(', ')}`);
    }
    for (const id of this.withRole(...HELD_BACK)) {
      const begin = programs.get(id);
      if (begin !== undefined) this.programs.keep(id, begin);
    }
    for (const { afterStart } of routers) afterStart();
  }

  /** Without NET_ADMIN there is none: containers of one network could reach one another, though no program tries. */
  async #startIsolationHelper(): Promise<string | null> {
    const { images, shaping } = this.#options;
    if (shaping.shaping !== 'kernel') return null;
    return startHelper(this.docker, {
      image: images.runtime,
      name: this.#name('isolation'),
      labels: this.#labels('isolation', 'helper'),
      networkMode: 'host',
    });
  }

  async #startIsolation(helper: string | null): Promise<Isolation | null> {
    if (helper === null) return null;
    return Isolation.start(this.docker, helper, this.#internalNetworks());
  }

  /** How many ports these containers and routers have on each internal network. */
  #arrivals(ids: readonly string[]): Arrivals {
    const counts = new Map<string, number>();
    const internal = new Set(this.#internalNetworks());
    for (const one of [...this.plan.containers, ...this.plan.routers].filter(({ id }) => ids.includes(id))) {
      for (const { network } of one.attachments) {
        const name = this.networkName(network);
        if (internal.has(name)) counts.set(name, (counts.get(name) ?? 0) + 1);
      }
    }
    return counts;
  }

  #internalNetworks(): string[] {
    return this.plan.zones.flatMap((zone) => zone.planes.map((plane) => this.networkName(plane.network)));
  }

  /**
   * Tries every address that must not answer, from few containers whose programs are held.
   * @throws EnvironmentError when one does
   */
  async #probeBypass(): Promise<void> {
    const trials = bypassTrials(this.plan);
    await Promise.all(
      trials.map(async (trial) => {
        await tryBypass(trial, async (targets) => {
          const command = ['node', 'fixtures/probe/reach.ts', ...targets];
          return JSON.parse(await runInside(this.docker, this.containerId(trial.from), command)) as Outcomes;
        });
      }),
    );
    const tried = trials.reduce((sum, { direct }) => sum + direct.length, 0);
    this.#options.onRecord({
      kind: 'bypass',
      t: monotonicMs(),
      source: 'harness',
      from: trials.map(({ from }) => from),
      tried,
    });
  }

  async #keepDisks(): Promise<void> {
    const limited = limitedDisks(this.plan);
    if (limited.size === 0) return;
    const disks = new Map<string, string>();
    for (const [id, bytes] of limited) {
      const name = this.diskName(id, 0);
      await this.docker.createVolume({ Name: name, Labels: this.#labels(id, 'disk'), ...limitedVolume(bytes) });
      disks.set(id, name);
    }
    this.#keeper = await startKeeper(this.docker, {
      image: this.#options.images.runtime,
      name: this.#name('keeper'),
      labels: this.#labels('keeper', 'helper'),
      disks,
    });
  }

  async #startRouter(id: string): Promise<StartedRouter> {
    const { signal, progress } = this.#options;
    signal.throwIfAborted();
    let told = '';
    const started = await startRouter({
      ...this.#options,
      routerId: id,
      shaping: this.#options.shaping.shaping,
      name: this.#name(id),
      labels: this.#labels(id, 'router'),
      helperName: this.#name(`${id}-shell`),
      helperLabels: this.#labels(`${id}-shell`, 'helper'),
      networkName: (network) => this.networkName(network),
      onReplaced: (reason) => this.#options.onRecord({ kind: 'router.replaced', t: monotonicMs(), source: id, reason }),
      onReshaped: (sample) => this.#options.onRecord({ kind: 'queue', source: id, reshaped: true, ...sample }),
      onTrouble: ({ message }) => {
        // Ten times a second, of an engine that is gone.
        if (message !== told) progress(`${id}: ${message}`);
        told = message;
      },
    });
    this.#routers.set(id, started.router);
    return started;
  }

  /**
   * Every program's container, while the routers start; no program runs before it is told to. Returns by id what lets
   * one begin and waits until it is ready.
   */
  async #startPrograms(limit: LimitFunction, stop: Stop): Promise<ReadonlyMap<string, () => Promise<void>>> {
    // A volume of limited size is there before a container asks for it by name.
    await stop.during(this.#keepDisks());
    const inOrder = [...START_ORDER, HELD_BACK].flatMap((roles) =>
      this.plan.containers.filter((one) => roles.includes(one.role)),
    );
    const started = inOrder.map((one) =>
      limit(async () => [one.id, await stop.during(this.#startProgram(one))] as const),
    );
    return new Map(await allEnded(started));
  }

  async #startProgram(container: PlanContainer): Promise<() => Promise<void>> {
    const { signal } = this.#options;
    signal.throwIfAborted();
    const [held, told] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const disks: Record<string, string> = {};
    for (const [index, path] of container.disks.entries()) {
      const name = this.diskName(container.id, index);
      if (!limitedDisks(this.plan).has(container.id) || index > 0) {
        await this.docker.createVolume({ Name: name, Labels: this.#labels(container.id, 'disk') });
      }
      disks[name] = path;
    }
    const program = new LabContainer({
      image: this.#options.images.fixtures,
      name: this.#name(container.id),
      command: container.command,
      labels: this.#labels(container.id, container.role),
      environment: programEnvironment(this.plan, container),
      endpoints: container.attachments.map(({ network, ip }) => ({ network: this.networkName(network), ip })),
      disks,
      ready: Wait.forLogMessage(/"kind":"ready"/),
      connect: (containerId, endpoint) => this.#connect(containerId, endpoint),
      onCreated: (containerId) => {
        this.#containerIds.set(container.id, containerId);
      },
      onStarted: (containerId) => this.telemetry.follow(container.id, containerId),
      held: {
        on: async (containerId) => {
          const hold = await Hold.on(this.docker.getContainer(containerId));
          this.programs.attach(container.id, hold);
          return hold;
        },
        until: () => {
          held.resolve();
          return told.promise;
        },
      },
    });
    const ready = this.#ready(container.id, program);
    await Promise.race([held.promise, ready]);
    return () => {
      signal.throwIfAborted();
      told.resolve();
      return ready;
    };
  }

  async #ready(id: string, program: LabContainer): Promise<void> {
    try {
      await program.start();
    } catch (error) {
      if (error instanceof EnvironmentError) throw error;
      throw new Error(`${id} did not get ready: ${(error as Error).message}\n${await this.#lastLines(id)}`, {
        cause: error,
      });
    }
  }

  async #lastLines(id: string): Promise<string> {
    const containerId = this.#containerIds.get(id);
    if (containerId === undefined) return '';
    const log = await this.docker
      .getContainer(containerId)
      .logs({ stdout: true, stderr: true, tail: LAST_LINES })
      .catch(() => Buffer.alloc(0));
    return withoutHeaders(log).toString().trim();
  }

  /** Name of a container's n-th disk on the engine. */
  diskName(id: string, index: number): string {
    return `zonestorm-${this.runId}-${id}-${index}`;
  }

  async #connect(containerId: string, endpoint: { network: string; ip: string }): Promise<void> {
    await this.docker.getNetwork(endpoint.network).connect({
      Container: containerId,
      EndpointConfig: { IPAMConfig: { IPv4Address: endpoint.ip } },
    });
  }

  #name(id: string): string {
    return `zonestorm-${this.runId}-${id}`;
  }

  #labels(id: string, role: string): Record<string, string> {
    return { ...labelsOf(this.runId, { [LABELS.id]: id, [LABELS.role]: role }), ...this.#options.sessionLabels };
  }

  /** Removes it. What goes wrong is told, and is no reason to hide why a run ended: whoever started it looks again. */
  async remove(): Promise<void> {
    try {
      await this[Symbol.asyncDispose]();
    } catch (error) {
      this.#options.progress(`removing the lab: ${(error as Error).message}`);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.programs[Symbol.dispose]();
    this.#exits?.[Symbol.dispose]();
    await this.#witnesses[Symbol.asyncDispose]();
    for (const router of this.#routers.values()) await router[Symbol.asyncDispose]();
    await this.#isolation?.[Symbol.asyncDispose]();
    const { gone } = this.#options;
    await withDeadline(clean(this.docker, this.runId), LIMITS.cleanMs, 'the removal of the lab', gone);
  }
}

function roleOf({ containers }: Plan, id: string): Role {
  const found = containers.find((one) => one.id === id);
  if (found === undefined) throw new Error(`no container ${id}`);
  return found.role;
}

/** 304 and 409: what was to be stopped does not run. */
function unlessNotRunning(error: { statusCode?: number }): void {
  if (error.statusCode !== 304 && error.statusCode !== 409) throw error;
}
