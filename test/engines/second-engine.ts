import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import Docker from 'dockerode';
import { PROJECT } from '../../harness/lab/project.ts';

/** Made in the background by `harness/bin/zonestorm-test`, which knows the same path. */
const FOLDER = join(tmpdir(), 'zonestorm-second-engine');
const ROOT = join(FOLDER, 'root');
const HERE = import.meta.dirname;
const START_MS = 60_000;
const END_MS = 20_000;

/** How a program ended that was run where the second engine is. */
export interface Ended {
  readonly code: number | null;
  readonly output: string;
}

/**
 * Debian sid's Docker engine beside the machine's own, in namespaces of its own (`hold.sh`): no other engine is stopped,
 * and nothing has to be put back. It ends with this process, too, however that ends.
 */
export class SecondEngine implements AsyncDisposable {
  readonly docker: Docker;
  readonly #holder: ChildProcess;
  readonly #host: string;

  private constructor(holder: ChildProcess, socketPath: string) {
    this.#holder = holder;
    this.#host = `unix://${socketPath}`;
    this.docker = new Docker({ socketPath });
  }

  /** @throws Error with the words of the script when this machine cannot have one */
  static async start(): Promise<SecondEngine> {
    await mkdir(FOLDER, { recursive: true });
    const made = await run(join(HERE, 'make-root.sh'), [ROOT]);
    if (made.code !== 0) throw new Error(made.output.trim());
    const work = join(FOLDER, 'work');
    const holder = spawn(join(HERE, 'hold.sh'), [ROOT, work], { stdio: ['pipe', 'inherit', 'inherit'] });
    const engine = new SecondEngine(holder, join(work, 'socket/docker.sock'));
    const until = performance.now() + START_MS;
    while (!(await engine.#answers())) {
      if (holder.exitCode !== null || performance.now() > until) {
        const log = join(work, 'log');
        await engine[Symbol.asyncDispose]();
        throw new Error(`the second engine did not start:\n${existsSync(log) ? readFileSync(log, 'utf8') : ''}`);
      }
      await delay(100);
    }
    return engine;
  }

  async #answers(): Promise<boolean> {
    return this.docker.ping().then(
      () => true,
      () => false,
    );
  }

  /** Gives it these images of another engine. */
  async load(from: Docker, tags: readonly string[]): Promise<void> {
    const query = tags.map((tag) => `names=${encodeURIComponent(tag)}`).join('&');
    const saved = await new Promise<NodeJS.ReadableStream>((resolve, reject) =>
      from.modem.dial(
        {
          // The client takes off the last character of a path with a query, which for it is a lone question mark.
          path: `/images/get?${query}&`,
          method: 'GET',
          isStream: true,
          statusCodes: { 200: true, 500: 'server error' },
        },
        (error, stream) => (error === null ? resolve(stream as NodeJS.ReadableStream) : reject(error)),
      ),
    );
    const answer = await this.docker.loadImage(saved);
    await pipeline(answer, async (lines) => {
      for await (const line of lines) if (String(line).includes('errorDetail')) throw new Error(String(line));
    });
  }

  /** Runs a program of this machine where the engine's network and processes are, with `DOCKER_HOST` set to it. */
  async run(program: string, args: readonly string[]): Promise<Ended> {
    const first = await this.#firstProcess();
    const enter = ['--target', first, '--net', '--mount', '--pid', `--wd=${PROJECT}`, '--', program, ...args];
    return run('nsenter', enter, { DOCKER_HOST: this.#host });
  }

  /** The one whose namespaces they are: the only child of the holder. */
  async #firstProcess(): Promise<string> {
    const children = `/proc/${this.#holder.pid}/task/${this.#holder.pid}/children`;
    const [pid] = readFileSync(children, 'utf8').trim().split(' ');
    if (pid === undefined || pid === '') throw new Error('the second engine has ended');
    return pid;
  }

  /** As a machine that runs out of memory would. Resolves when every process of it is gone; its guard tidies up then. */
  async kill(): Promise<void> {
    const first = await this.#firstProcess();
    const ended = once(this.#holder, 'exit');
    this.#holder.kill('SIGKILL');
    await ended;
    const until = performance.now() + END_MS;
    while (existsSync(`/proc/${first}`) && performance.now() < until) await delay(50);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const running = this.#holder.exitCode === null && this.#holder.signalCode === null;
    const ended = running ? once(this.#holder, 'exit') : Promise.resolve();
    this.#holder.stdin?.end();
    const late = setTimeout(() => this.#holder.kill('SIGKILL'), END_MS);
    await ended;
    clearTimeout(late);
    await run(join(HERE, 'put-back.sh'), []);
    await rm(FOLDER, { recursive: true, force: true });
  }
}

/** Everything of a second engine that the machine has outside its namespaces. */
export async function remainsOfSecondEngine(): Promise<string[]> {
  const groups = ['/sys/fs/cgroup', ...(await readdir('/sys/fs/cgroup')).map((name) => `/sys/fs/cgroup/${name}`)];
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
  return [
    ...mounts.filter((line) => line.includes(FOLDER)),
    ...groups.map((group) => `${group}/zonestorm-second`).filter((group) => existsSync(group)),
  ];
}

async function run(program: string, args: readonly string[], environment: Record<string, string> = {}): Promise<Ended> {
  const child = spawn(program, [...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...environment },
  });
  let output = '';
  const take = (data: Buffer): void => {
    output += data.toString();
  };
  child.stdout.on('data', take);
  child.stderr.on('data', take);
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, output };
}
