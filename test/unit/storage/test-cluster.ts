import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { ControlPlaneClient } from '../../../fixtures/storage/control-plane/client.ts';
import { listReplicas } from '../../../fixtures/storage/disk/list-replicas.ts';
import { metaPath } from '../../../fixtures/storage/disk/replica-meta.ts';
import { PeerLink } from '../../../fixtures/storage/node/peer-link.ts';
import type { PeerRequest, PeerResult } from '../../../fixtures/storage/wire/peer-message.ts';
import type { HistoryRecord } from '../../../harness/history/records.ts';
import { type ContainerConfig, type Dial, PORTS } from '../../../harness/scenario/container-config.ts';
import type { OperatorOrder } from '../../../harness/scenario/operator-order.ts';
import type { Plane, PlanVolume, StorageSettings } from '../../../harness/scenario/plan.ts';
import { ownNetwork } from './own-network.ts';
import { TcpPipe } from './tcp-pipe.ts';
import { testConfig } from './test-config.ts';

const run = promisify(execFile);

const PROGRAMS = {
  node: new URL('../../../fixtures/storage/node/main.ts', import.meta.url).pathname,
  'control-plane': new URL('../../../fixtures/storage/control-plane/main.ts', import.meta.url).pathname,
};

/** The real programs as processes, each on loopback addresses of its own, every connection over a `TcpPipe`. */
export class TestCluster implements AsyncDisposable {
  readonly records: HistoryRecord[] = [];
  readonly control: ControlPlaneClient;
  readonly #folder: string;
  readonly #configs: ReadonlyMap<string, ContainerConfig>;
  readonly #pipes: ReadonlyMap<string, TcpPipe>;
  readonly #disks: Readonly<Record<string, string>>;
  readonly #processes = new Map<string, ChildProcess>();
  #arrived = Promise.withResolvers<void>();
  readonly #isQuiet: boolean;
  #told = 0;

  private constructor(
    folder: string,
    configs: ReadonlyMap<string, ContainerConfig>,
    pipes: ReadonlyMap<string, TcpPipe>,
    control: Dial,
    isQuiet: boolean,
    disks: Readonly<Record<string, string>>,
  ) {
    this.#isQuiet = isQuiet;
    this.#folder = folder;
    this.#disks = disks;
    this.#configs = configs;
    this.#pipes = pipes;
    this.control = ControlPlaneClient.connect(control);
  }

  static async start(options: {
    readonly nodes: readonly string[];
    /** Nodes that nobody knows of; started by `startProgram`. */
    readonly spares?: readonly string[];
    /** [volume, primary, mirror] */
    readonly volumes: readonly (readonly [string, string, string])[];
    readonly settings?: Partial<StorageSettings>;
    /** What the programs complain of is dropped. */
    readonly quiet?: boolean;
    /** Folders for the data of programs, by id; any other has one in the cluster's folder. */
    readonly disks?: Readonly<Record<string, string>>;
  }): Promise<TestCluster> {
    const network = ownNetwork();
    const { spares = [] } = options;
    const all = [...options.nodes, ...spares];
    const volumes: PlanVolume[] = options.volumes.map(([id, primary, mirror]) => ({ id, zone: 'z', primary, mirror }));
    const address = (node: string, plane: Plane) =>
      `${network}.${(plane === 'primary' ? 10 : 100) + all.indexOf(node)}`;
    const controlHost = `${network}.2`;
    const pipes = new Map<string, TcpPipe>();
    const configs = new Map<string, ContainerConfig>();
    const open = async (id: string, host: string, port: number) => {
      const pipe = await TcpPipe.open(`${network}.1`, { host, port });
      pipes.set(id, pipe);
      return pipe.dial;
    };
    for (const [index, source] of all.entries()) {
      const links: Record<string, Partial<Record<Plane, Dial>>> = {
        'control-plane': { primary: await open(`${source}->control-plane@primary`, controlHost, PORTS.controlPlane) },
      };
      for (const peer of all) {
        if (peer === source) continue;
        links[peer] = {
          primary: await open(`${source}->${peer}@primary`, address(peer, 'primary'), PORTS.peer),
          replication: await open(`${source}->${peer}@replication`, address(peer, 'replication'), PORTS.peer),
        };
      }
      const addresses = { primary: address(source, 'primary'), replication: address(source, 'replication') };
      const config = {
        id: source,
        seed: index + 1,
        addresses,
        links,
        nodes: [...new Set([...options.nodes, source])],
        volumes,
      };
      configs.set(source, testConfig({ ...config, storage: options.settings ?? {} }));
    }
    const ofControlPlane = { id: 'control-plane', addresses: { primary: controlHost }, nodes: options.nodes, volumes };
    const links: Record<string, Partial<Record<Plane, Dial>>> = {};
    for (const node of all) {
      links[node] = { primary: await open(`control-plane->${node}@primary`, address(node, 'primary'), PORTS.peer) };
    }
    configs.set('control-plane', testConfig({ ...ofControlPlane, links, storage: options.settings ?? {} }));
    const folder = await mkdtemp(join(tmpdir(), 'storage-cluster-'));
    const cluster = new TestCluster(
      folder,
      configs,
      pipes,
      { host: controlHost, port: PORTS.controlPlane },
      options.quiet === true,
      options.disks ?? {},
    );
    for (const id of configs.keys()) if (!spares.includes(id)) cluster.startProgram(id);
    await cluster.until('every node serves its volumes and hears its peers', () =>
      options.nodes.every((node) => {
        const stats = cluster.records.findLast((record) => record.source === node && record.kind === 'node');
        const primaries = volumes.filter(({ primary }) => primary === node).length;
        return stats?.kind === 'node' && stats.mirrored === primaries && stats.silenceMaxMs > 0;
      }),
    );
    return cluster;
  }

  dataDir(id: string): string {
    return this.#disks[id] ?? join(this.#folder, id);
  }

  nbd(node: string): Dial {
    return { host: this.#configs.get(node)?.addresses.primary ?? '', port: PORTS.nbd };
  }

  /** Says what a peer might say, over a connection of the test's own. */
  async say(node: string, request: PeerRequest): Promise<PeerResult> {
    const link = new PeerLink({
      dial: { host: this.#configs.get(node)?.addresses.primary ?? '', port: PORTS.peer },
      hello: { type: 'hello', from: 'test', plane: 'primary', incarnation: 1 },
      random: () => 0,
      onBytes: () => undefined,
      onPong: () => undefined,
    });
    const result = await link.request(request).result;
    link.close();
    return result;
  }

  /** What is on the node's disk is gone; the node counts as one that has been placed before. */
  async replaceDisk(id: string): Promise<void> {
    for (const { path, slot } of await listReplicas(this.dataDir(id))) {
      await rm(path);
      await rm(metaPath(this.dataDir(id), slot));
    }
  }

  startProgram(id: string): void {
    const program = id === 'control-plane' ? PROGRAMS['control-plane'] : PROGRAMS.node;
    const { PATH, NODE_COMPILE_CACHE } = process.env;
    const child = spawn(process.execPath, [program], {
      env: {
        PATH,
        // Five programs for each test, of whose CPU time a third is compiling the same modules.
        ...(NODE_COMPILE_CACHE === undefined ? {} : { NODE_COMPILE_CACHE }),
        ZONESTORM_CONFIG: JSON.stringify(this.#configs.get(id)),
        ZONESTORM_DATA: this.dataDir(id),
      },
      stdio: ['pipe', 'pipe', this.#isQuiet ? 'ignore' : 'inherit'],
    });
    this.#processes.set(id, child);
    createInterface({ input: child.stdout }).on('line', (line) => {
      this.records.push({ ...JSON.parse(line), source: id } as HistoryRecord);
      this.#arrived.resolve();
      this.#arrived = Promise.withResolvers();
    });
  }

  /** Tells a program what an operator says, and waits for its answer. */
  async tell(id: string, order: OperatorOrder): Promise<Record<string, string | number>> {
    const action = `action-${this.#told++}`;
    this.#processes.get(id)?.stdin?.write(`${JSON.stringify({ id: action, order })}\n`);
    const answer = () => this.records.find((one) => one.kind === 'operated' && one.id === action && one.source === id);
    await this.until(`${id} answers ${order.do}`, () => answer() !== undefined);
    const record = answer();
    if (record?.kind !== 'operated') throw new Error('no answer');
    if (record.problem !== null) throw new Error(record.problem);
    return record.state;
  }

  /** How `source` dials `destination`. */
  dials(source: string, destination: string): Partial<Record<Plane, Dial>> {
    return this.#configs.get(source)?.links[destination] ?? {};
  }

  /** Ends the program as `signal` does and waits for its end. */
  async stopProgram(id: string, signal: 'SIGKILL' | 'SIGTERM'): Promise<number | null> {
    const child = this.#processes.get(id);
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return child?.exitCode ?? null;
    const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
    child.kill(signal);
    return ended;
  }

  hasEnded(id: string): boolean {
    const child = this.#processes.get(id);
    return child === undefined || child.exitCode !== null || child.signalCode !== null;
  }

  /** Settles with the exit code of a program that ends by itself. */
  async ended(id: string): Promise<number | null> {
    const child = this.#processes.get(id);
    if (child === undefined || child.exitCode !== null) return child?.exitCode ?? null;
    // `close` comes after `exit`, when what it printed has been read.
    return new Promise((resolve) => child.once('close', resolve));
  }

  /** Stops the process where it stands, and lets it go on. */
  freeze(id: string): void {
    this.#processes.get(id)?.kill('SIGSTOP');
  }

  thaw(id: string): void {
    this.#processes.get(id)?.kill('SIGCONT');
  }

  /**
   * From now on the kernel lets the program write no file beyond so many bytes (EFBIG); `null`: no limit. A disk that
   * takes some writes and refuses others, without a file system of the test's own.
   */
  async limitFiles(id: string, bytes: number | null): Promise<void> {
    const pid = this.#processes.get(id)?.pid;
    await run('prlimit', ['--pid', String(pid), `--fsize=${bytes ?? 'unlimited'}:unlimited`]);
  }

  /** The pipes between two programs, in both directions; on both planes unless one is named. */
  pipesBetween(a: string, b: string, planes: readonly Plane[] = ['primary', 'replication']): TcpPipe[] {
    const ids = planes.flatMap((plane) => [`${a}->${b}@${plane}`, `${b}->${a}@${plane}`]);
    return ids.flatMap((id) => this.#pipes.get(id) ?? []);
  }

  /** The pipes over which `source` dials `destination`. */
  pipesFrom(source: string, destination: string): TcpPipe[] {
    return [...this.#pipes].filter(([id]) => id.startsWith(`${source}->${destination}@`)).map(([, pipe]) => pipe);
  }

  /** The volume events so far as `source event peer`, in the order of their times. */
  events(volume: string): string[] {
    return this.records
      .filter((record) => record.kind === 'volume' && record.volume === volume)
      .sort((a, b) => a.t - b.t)
      .map((record) => (record.kind === 'volume' ? `${record.source} ${record.event}` : ''));
  }

  /** Settles when the condition holds, looked at whenever a record arrives; rejects after `limitMs`. */
  async until(what: string, condition: () => boolean, limitMs = 8000): Promise<void> {
    const deadline = performance.now() + limitMs;
    while (!condition()) {
      const leftMs = deadline - performance.now();
      if (leftMs <= 0) throw new Error(`not within ${limitMs} ms: ${what}\n${this.#tail()}`);
      const timer = Promise.withResolvers<void>();
      const timeout = setTimeout(timer.resolve, leftMs);
      await Promise.race([this.#arrived.promise, timer.promise]);
      clearTimeout(timeout);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.control.close();
    for (const id of this.#processes.keys()) this.thaw(id);
    await Promise.all([...this.#processes.keys()].map((id) => this.stopProgram(id, 'SIGKILL')));
    await Promise.all([...this.#pipes.values()].map((pipe) => pipe.close()));
    await rm(this.#folder, { recursive: true });
  }

  #tail(): string {
    const told = this.records.filter(({ kind }) => kind === 'volume' || kind === 'detector' || kind === 'election');
    return told
      .map((record) => JSON.stringify(record))
      .slice(-40)
      .join('\n');
  }
}
