import { GenericContainer, type WaitStrategy } from 'testcontainers';
import { LIMITS } from '../limits.ts';
import { HOLD, type Hold } from './hold.ts';
import { KEPT_LOG } from './kept-log.ts';

/** One of a container's networks, with its fixed address. */
export interface Endpoint {
  /** The network's name on the engine. */
  readonly network: string;
  readonly ip: string;
}

export interface LabContainerOptions {
  readonly image: string;
  readonly name: string;
  readonly command: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly environment?: Readonly<Record<string, string>>;
  /** The first becomes the container's default route. */
  readonly endpoints: readonly Endpoint[];
  /** Named volume -> path in the container. */
  readonly disks?: Readonly<Record<string, string>>;
  /** Published on 127.0.0.1, on a port that the engine draws. */
  readonly publish?: readonly number[];
  readonly sysctls?: Readonly<Record<string, string>>;
  /** All others are dropped. */
  readonly capabilities?: readonly string[];
  readonly ready: WaitStrategy;
  readonly connect: (containerId: string, endpoint: Endpoint) => Promise<void>;
  readonly onCreated?: (containerId: string) => void;
  /** Runs before the wait for readiness, so that nothing the program prints is missed. */
  readonly onStarted?: (containerId: string) => Promise<void>;
  /** Its program is held; see `hold.ts`. */
  readonly held?: {
    readonly on: (containerId: string) => Promise<Hold>;
    /** Called when the container has started; the program begins when this resolves. */
    readonly until: () => Promise<void>;
  };
}

/**
 * A container of the lab: Testcontainers starts it, waits for it and has it reaped. What Testcontainers has no
 * setting for is set here: several networks with fixed addresses, publishing on 127.0.0.1 only, sysctls, a log that is
 * kept, and no capability but those asked for, since no program of the fixtures needs one.
 */
export class LabContainer extends GenericContainer {
  readonly #endpoints: readonly Endpoint[];
  readonly #options: LabContainerOptions;
  #id = '';
  #hold: Hold | null = null;

  constructor(options: LabContainerOptions) {
    super(options.image);
    const [first] = options.endpoints;
    if (first === undefined) throw new Error(`${options.name} has no network`);
    this.#endpoints = options.endpoints;
    this.#options = options;
    this.withName(options.name)
      .withCommand([...(options.held === undefined ? [] : HOLD), ...options.command])
      .withLabels({ ...options.labels })
      .withEnvironment({ ...options.environment })
      .withNetworkMode(first.network)
      .withStartupTimeout(LIMITS.readyMs)
      .withWaitStrategy(options.ready);
    this.createOpts.NetworkingConfig = {
      EndpointsConfig: { [first.network]: { IPAMConfig: { IPv4Address: first.ip } } },
    };
    if (options.held !== undefined)
      Object.assign(this.createOpts, { AttachStdin: true, OpenStdin: true, StdinOnce: true });
    this.hostConfig.LogConfig = KEPT_LOG;
    this.hostConfig.CapDrop = ['ALL'];
    this.hostConfig.CapAdd = [...(options.capabilities ?? [])];
    this.hostConfig.SecurityOpt = ['no-new-privileges'];
    this.hostConfig.Sysctls = { ...options.sysctls };
    this.hostConfig.Binds = Object.entries(options.disks ?? {}).map(([volume, path]) => `${volume}:${path}`);
    for (const port of options.publish ?? []) {
      this.withExposedPorts(port);
      this.hostConfig.PortBindings = {
        ...(this.hostConfig.PortBindings as object),
        [`${port}/tcp`]: [{ HostIp: '127.0.0.1', HostPort: '0' }],
      };
    }
  }

  /** Between create and start, so that the program finds all of its networks. */
  protected override async containerCreated(containerId: string): Promise<void> {
    this.#id = containerId;
    this.#options.onCreated?.(containerId);
    for (const endpoint of this.#endpoints.slice(1)) await this.#options.connect(containerId, endpoint);
    this.#hold = (await this.#options.held?.on(containerId)) ?? null;
  }

  protected override async containerStarting(): Promise<void> {
    await this.#options.onStarted?.(this.#id);
    await this.#options.held?.until();
    this.#hold?.release();
  }
}
