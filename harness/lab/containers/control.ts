import { setTimeout as delay } from 'node:timers/promises';
import type Docker from 'dockerode';
import type { ContainerControl, ContainerState } from '../../fault/fault.ts';
import { withDeadline } from '../../time/deadline.ts';
import { monotonicMs } from '../../time/monotonic.ts';
import { LIMITS } from '../limits.ts';
import { Hold } from './hold.ts';
import { readCpuQuota } from './read-cpu-quota.ts';
import { runInside } from './run-inside.ts';

export interface ControlOptions {
  readonly docker: Docker;
  /** The engine's id of a plan's container. @throws Error when it was never created. */
  readonly idOf: (id: string) => string;
  /**
   * Runs after a container has been started again, before that counts as done. `hold` lets its program begin.
   */
  readonly onStarted: (id: string, sinceSeconds: number, hold: Hold) => Promise<void>;
  /** Runs after a container has been killed, before that counts as done. */
  readonly onKilled: (id: string) => Promise<void>;
  /** The keeper of limited disks and the folder of a container's disk in it; `null`: it has none of its own. */
  readonly diskOf: (id: string) => { readonly keeper: string; readonly folder: string } | null;
  /** Aborted when the engine is dead: nothing waits for it any longer. */
  readonly gone: AbortSignal;
}

/**
 * What an engine takes to start a container again, ms: expected until one has been started here. 180 to 210 ms with one
 * network on an idle machine, 400 ms with two on a busy one.
 */
const START_MS = 300;

/** The period that the engine's quotas are shares of, µs. */
const CPU_PERIOD_US = 100_000;

/**
 * What runc says when some process had not come to the freezer in its third of a second: each has to run for that, so
 * one that is starved of CPU often does not. Its authors call it a game of chances
 * (https://github.com/opencontainers/runc/pull/2791); nothing is frozen then.
 */
const NOT_FROZEN = /unable to freeze/;
const FREEZE_AGAIN_MS = 20;

/** What faults do to containers, by the engine's API; each call has a time limit, as an engine can die too. */
export class LabContainerControl implements ContainerControl {
  readonly #options: ControlOptions;
  #startMs = START_MS;

  constructor(options: ControlOptions) {
    this.#options = options;
  }

  async kill(id: string): Promise<void> {
    await this.#kill(id);
    await this.#options.onKilled(id);
  }

  async #kill(id: string): Promise<void> {
    const { running, paused } = await this.state(id);
    if (!running) return;
    // A frozen process takes no signal; what is meant to be dead would be waiting for its thaw.
    if (paused) await this.unpause(id);
    const container = this.#container(id);
    await this.#bounded(container.kill({ signal: 'SIGKILL' }), `the kill of ${id}`);
    await this.#bounded(container.wait({ condition: 'not-running' }), `the end of ${id}`);
  }

  async start(id: string): Promise<void> {
    const began = monotonicMs();
    if ((await this.state(id)).running) return;
    const since = Date.now() / 1000;
    const hold = await this.#bounded(Hold.on(this.#container(id)), `the stdin of ${id}`);
    await this.#bounded(this.#container(id).start(), `the start of ${id}`);
    this.#startMs = monotonicMs() - began;
    await this.#options.onStarted(id, since, hold);
  }

  get startMs(): number {
    return this.#startMs;
  }

  async pause(id: string): Promise<void> {
    const { running, paused } = await this.state(id);
    if (!running) throw new Error(`${id} does not run and cannot be frozen`);
    if (!paused) await this.#bounded(this.#freeze(id), `the freezing of ${id}`);
  }

  async #freeze(id: string): Promise<void> {
    const until = performance.now() + LIMITS.containerMs;
    for (;;) {
      try {
        await this.#container(id).pause();
        return;
      } catch (error) {
        if (!NOT_FROZEN.test((error as Error).message) || performance.now() > until) throw error;
      }
      await delay(FREEZE_AGAIN_MS);
    }
  }

  async unpause(id: string): Promise<void> {
    if ((await this.state(id)).paused) await this.#bounded(this.#container(id).unpause(), `the thaw of ${id}`);
  }

  async state(id: string): Promise<ContainerState> {
    const { State } = await this.#bounded(this.#container(id).inspect(), `the state of ${id}`);
    const { Running, Paused, StartedAt, FinishedAt, ExitCode } = State;
    return { running: Running, paused: Paused, startedAt: StartedAt, finishedAt: FinishedAt, exitCode: ExitCode };
  }

  async limitCpu(id: string, cpus: number | null): Promise<void> {
    const CpuQuota = cpus === null ? -1 : Math.round(cpus * CPU_PERIOD_US);
    await this.#bounded(this.#container(id).update({ CpuPeriod: CPU_PERIOD_US, CpuQuota }), `the CPU limit of ${id}`);
  }

  /** From the control group itself; of one that does not run now, what the engine will give it. */
  async cpuLimit(id: string): Promise<number | null> {
    const { Id, State, HostConfig } = await this.#bounded(this.#container(id).inspect(), `the state of ${id}`);
    if (!State.Running || State.Paused) {
      const quota = HostConfig.CpuQuota ?? 0;
      return quota > 0 ? quota / CPU_PERIOD_US : null;
    }
    // Version 1 of control groups has the quota in a file of its own, version 2 quota and period in one.
    const files = 'cat /sys/fs/cgroup/cpu/cpu.cfs_quota_us 2> /dev/null || cat /sys/fs/cgroup/cpu.max';
    const text = (await readCpuQuota(State.Pid, Id)) ?? (await this.#run(Id, ['sh', '-c', files]));
    const [quota = 'max'] = text.trim().split(/\s+/);
    return quota === 'max' || Number(quota) <= 0 ? null : Number(quota) / CPU_PERIOD_US;
  }

  async runOnDisk(id: string, line: string): Promise<string> {
    const disk = this.#options.diskOf(id);
    if (disk === null) throw new Error(`the disk of ${id} is no file system of its own`);
    return this.#run(disk.keeper, ['sh', '-c', `cd ${disk.folder} && { ${line}; }`]);
  }

  #run(containerId: string, command: readonly string[]): Promise<string> {
    return this.#bounded(runInside(this.#options.docker, containerId, command), command.join(' '));
  }

  #container(id: string): Docker.Container {
    return this.#options.docker.getContainer(this.#options.idOf(id));
  }

  #bounded<T>(promise: Promise<T>, what: string): Promise<T> {
    return withDeadline(promise, LIMITS.containerMs, what, this.#options.gone);
  }
}
