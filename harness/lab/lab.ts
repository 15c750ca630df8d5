import type Docker from 'dockerode';
import pLimit from 'p-limit';
import { Wait } from 'testcontainers';
import type { Router } from '../fabric/router.ts';
import type { FaultTarget } from '../fault/fault.ts';
import type { HistoryRecord } from '../history/records.ts';
import type { Plan, PlanContainer, Role } from '../scenario/plan.ts';
import { clean } from './clean.ts';
import { startHelper } from './containers/helper-container.ts';
import { LabContainer } from './containers/lab-container.ts';
import { LABELS, labelsOf } from './labels.ts';
import { LIMITS } from './limits.ts';
import { createNetworks, type NetworkNames } from './networks/create-networks.ts';
import { Isolation } from './networks/isolation.ts';
import { programEnvironment } from './program-environment.ts';
import { startRouter } from './start-router.ts';
import { Telemetry } from './telemetry.ts';

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
  readonly sessionLabels: Readonly<Record<string, string>>;
  readonly progress: (line: string) => void;
  readonly onRecord: (record: HistoryRecord) => void;
  readonly signal: AbortSignal;
}

/** Storage first, then those who use it: an instance is ready when its volumes are attached. */
const START_ORDER: readonly (readonly Role[])[] = [['control-plane'], ['node'], ['instances', 'app']];

/** The running containers of one plan, and what the faults may do to them. */
export class Lab implements FaultTarget, AsyncDisposable {
  readonly plan: Plan;
  readonly runId: string;
  readonly docker: Docker;
  readonly telemetry: Telemetry;
  readonly #options: LabOptions;
  readonly #routers = new Map<string, Router>();
  readonly #containerIds = new Map<string, string>();
  #networks: NetworkNames = new Map();
  #isolation: Isolation | null = null;

  private constructor(options: LabOptions) {
    this.#options = options;
    this.plan = options.plan;
    this.runId = options.runId;
    this.docker = options.docker;
    this.telemetry = new Telemetry(options.docker, options.onRecord);
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
      await lab.#start();
      return lab;
    } catch (error) {
      await lab[Symbol.asyncDispose]();
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
    const port = link === undefined ? undefined : this.router(link.router).published.get(link.listen.port);
    if (port === undefined) throw new Error(`no link ${linkId} from the host`);
    return port;
  }

  async killContainer(id: string): Promise<void> {
    await this.docker.getContainer(this.containerId(id)).kill({ signal: 'SIGKILL' });
  }

  /** Starts a container that has stopped, isolates its new ports and goes on reading its log. */
  async startContainer(id: string): Promise<void> {
    if (await this.isRunning(id)) return;
    const since = Date.now() / 1000;
    await this.docker.getContainer(this.containerId(id)).start();
    await this.#isolation?.enforce();
    await this.telemetry.follow(id, this.containerId(id), since);
  }

  async isRunning(id: string): Promise<boolean> {
    const { State } = await this.docker.getContainer(this.containerId(id)).inspect();
    return State.Running;
  }

  /** SIGTERM, and SIGKILL when a program does not end in time. Its last records are read before this resolves. */
  async stop(ids: readonly string[]): Promise<void> {
    await Promise.all(
      ids.map(async (id) => {
        const container = this.docker.getContainer(this.containerId(id));
        await container.stop({ t: LIMITS.stopSeconds }).catch((error: { statusCode?: number }) => {
          if (error.statusCode !== 304) throw error;
        });
        await this.telemetry.drained(id);
      }),
    );
  }

  async #start(): Promise<void> {
    const { plan, progress } = this.#options;
    this.#networks = await createNetworks(this.#options);
    progress(`${this.#networks.size} networks`);
    const limit = pLimit(LIMITS.startConcurrency);
    const shaped = await Promise.all(plan.routers.map((router) => limit(() => this.#startRouter(router.id))));
    progress(`${plan.routers.length} routers, ${plan.links.length} links`);
    const helper = await startHelper(this.docker, {
      image: this.#options.images.runtime,
      name: this.#name('isolation'),
      labels: this.#labels('isolation', 'helper'),
      networkMode: 'host',
    });
    const internal = plan.zones.flatMap((zone) => zone.planes.map((plane) => this.networkName(plane.network)));
    this.#isolation = await Isolation.start(this.docker, helper, internal, new Set(shaped.flat()));
    for (const roles of START_ORDER) {
      const containers = plan.containers.filter((one) => roles.includes(one.role));
      await Promise.all(containers.map((one) => limit(() => this.#startProgram(one))));
      await this.#isolation.enforce();
      progress(`${containers.length} × ${roles.join(', ')}`);
    }
  }

  async #startRouter(id: string): Promise<number[]> {
    this.#options.signal.throwIfAborted();
    const { router, ports } = await startRouter({
      ...this.#options,
      routerId: id,
      name: this.#name(id),
      labels: this.#labels(id, 'router'),
      helperName: this.#name(`${id}-shell`),
      helperLabels: this.#labels(`${id}-shell`, 'helper'),
      networkName: (network) => this.networkName(network),
    });
    this.#routers.set(id, router);
    this.#containerIds.set(id, router.containerId);
    return ports;
  }

  async #startProgram(container: PlanContainer): Promise<void> {
    this.#options.signal.throwIfAborted();
    const disks: Record<string, string> = {};
    for (const [index, path] of container.disks.entries()) {
      const name = this.diskName(container.id, index);
      await this.docker.createVolume({ Name: name, Labels: this.#labels(container.id, 'disk') });
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
    });
    await program.start();
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

  async [Symbol.asyncDispose](): Promise<void> {
    for (const router of this.#routers.values()) await router[Symbol.asyncDispose]();
    await this.#isolation?.[Symbol.asyncDispose]();
    await clean(this.docker, this.runId);
  }
}
