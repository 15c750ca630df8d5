import { setTimeout as delay } from 'node:timers/promises';
import type Docker from 'dockerode';
import { randomFor } from '../../harness/scenario/random.ts';
import { Drill } from '../kills/drill.ts';
import { faultsOf, type Kill, killAndLook, seconds } from '../kills/kill-and-look.ts';
import { strayInterfaces } from '../kills/remains.ts';

export interface KillsOptions {
  readonly docker: Docker;
  readonly count: number;
  /** Runs at a time. Nothing is timed but the wait for the reaper, so they may share the machine. */
  readonly atOnce: number;
  /** Of the instants. */
  readonly seed: number;
  readonly progress: (line: string) => void;
}

/** What `bench/results/kills.json` holds. */
export interface KillsFigures {
  readonly seed: number;
  readonly atOnce: number;
  /** s, of whole runs that nobody killed, so many at a time: instants are uniform from 0 to their mean. */
  readonly wholeRunsSeconds: readonly number[];
  readonly kills: readonly Kill[];
  /** Runs that had ended by themselves when their instant came; each was looked at too, and another took its place. */
  readonly endedBefore: number;
  readonly withFaultsInForce: number;
  readonly mostFaultsInForce: number;
  readonly longestUntilCleanSeconds: number | null;
  /** Interfaces of the host that belong to nothing on the engine and were not there before the first run. */
  readonly newInterfaces: readonly string[];
  /** In words; empty: after every kill nothing was left, and the next start told what had been in force. */
  readonly problems: readonly string[];
}

/** One kill in so many has an instant of the whole life, start and removal included; the others while faults come and go. */
const EVERY_WHOLE_LIFE = 3;
/** From the first fault of the drill to its last revert. */
const FAULTS_SECONDS = 14;
/** A run that hangs instead of ending ends the benchmark. */
const WHOLE_RUN_LIMIT_MS = 180_000;
/** The engine finishes what it was asked before the kill. */
const IN_FLIGHT_MS = 1_500;

/**
 * Kills runs of the drill at drawn instants: a third uniform over their whole life, from process start to end, the others
 * uniform over the time in which faults are applied and reverted.
 */
export async function measureKills(options: KillsOptions): Promise<KillsFigures> {
  const { docker, count, atOnce, seed, progress } = options;
  const interfacesBefore = await strayInterfaces(docker);
  const starts = new Starts(docker);
  progress(`${atOnce} whole runs, for how long one lives`);
  const wholeRunsSeconds = await Promise.all(Array.from({ length: atOnce }, () => wholeRun(starts)));
  const life = wholeRunsSeconds.reduce((sum, one) => sum + one, 0) / wholeRunsSeconds.length;
  const kills: Kill[] = [];
  const problems: string[] = [];
  let drawn = 0;
  let endedBefore = 0;
  let lanesBusy = 0;
  const lane = async (): Promise<void> => {
    while (kills.length + lanesBusy < count) {
      lanesBusy += 1;
      const number = drawn++;
      const draw = randomFor(seed, `kill/${number}`).next();
      const whole = number % EVERY_WHOLE_LIFE === 0;
      const kill = await oneKill(starts, docker, whole ? draw * life : null, draw * FAULTS_SECONDS);
      lanesBusy -= 1;
      problems.push(...faultsOf(kill).map((fault) => `kill at ${kill.atSeconds} s (${kill.stage}): ${fault}`));
      if (kill.killed) kills.push(kill);
      else endedBefore += 1;
      const { atSeconds, stage, inForce, had, cleanAfterSeconds } = kill;
      progress(
        `${kills.length}/${count} ${kill.killed ? 'killed' : 'ended'} at ${atSeconds} s, ${stage}, ${inForce.length} faults ` +
          `in force, had ${had}: clean after ${cleanAfterSeconds ?? '—'} s`,
      );
      for (const fault of faultsOf(kill)) progress(`  ! ${fault}`);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
  const newInterfaces = (await strayInterfaces(docker)).filter((name) => !interfacesBefore.includes(name));
  const faults = kills.map(({ inForce }) => inForce.length);
  const untilClean = kills.map(({ cleanAfterSeconds }) => cleanAfterSeconds);
  return {
    seed,
    atOnce,
    wholeRunsSeconds,
    kills,
    endedBefore,
    withFaultsInForce: faults.filter((one) => one > 0).length,
    mostFaultsInForce: Math.max(0, ...faults),
    longestUntilCleanSeconds: untilClean.includes(null) ? null : Math.max(...untilClean.map(Number)),
    newInterfaces,
    problems: [...problems, ...newInterfaces.map((name) => `interface ${name} was not there before`)],
  };
}

/** `atSeconds`: since the process began; `null`: `laterSeconds` after the first fault is about to be applied. */
async function oneKill(starts: Starts, docker: Docker, atSeconds: number | null, laterSeconds: number): Promise<Kill> {
  const { drill, session } = await starts.start(atSeconds === null ? null : atSeconds * 1000);
  if (atSeconds === null) await drill.inForce(1);
  const instant = atSeconds === null ? performance.now() + laterSeconds * 1000 : drill.began + atSeconds * 1000;
  await Promise.race([delay(Math.max(0, instant - performance.now())), drill.ended]);
  const kill = await killAndLook(docker, drill, session);
  if (faultsOf(kill).length === 0) await drill.forget();
  return kill;
}

async function wholeRun(starts: Starts): Promise<number> {
  const { drill } = await starts.start(null);
  const limit = delay(WHOLE_RUN_LIMIT_MS, null, { ref: false });
  const ended = await Promise.race([drill.ended, limit]);
  if (ended === null) throw new Error(`a whole run did not end:\n${drill.stderr}`);
  const lasted = seconds(performance.now() - drill.began);
  if (![0, 1, 2].includes(ended.code ?? -1)) throw new Error(`a whole run ended with ${ended.code}:\n${drill.stderr}`);
  await drill.forget();
  return lasted;
}

/**
 * Starts runs one by one until each has its journal, so that a reaper that appears meanwhile is known to be its: that
 * of a run that is killed before it has anything else is found by nothing but this.
 */
class Starts {
  readonly #docker: Docker;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(docker: Docker) {
    this.#docker = docker;
  }

  /** @param killAfterMs `null`: not at all; a run whose instant comes before its journal is killed here */
  start(killAfterMs: number | null): Promise<{ drill: Drill; session: string | null }> {
    const started = this.#turn.then(() => this.#start(killAfterMs));
    this.#turn = started.catch(() => undefined);
    return started;
  }

  async #start(killAfterMs: number | null): Promise<{ drill: Drill; session: string | null }> {
    const before = await this.#sessions();
    const drill = await Drill.start();
    const stop = new AbortController();
    const instant = killAfterMs === null ? new Promise<never>(() => undefined) : delay(killAfterMs, null, stop);
    instant.catch(() => undefined);
    const first = await Promise.race([drill.journalled(), instant.then(() => 'instant' as const)]);
    stop.abort();
    if (first === 'instant') {
      drill.child.kill('SIGKILL');
      await drill.ended;
      await delay(IN_FLIGHT_MS);
    }
    const session = (await this.#sessions()).find((one) => !before.includes(one)) ?? null;
    return { drill, session };
  }

  /** Of all reapers on the engine, also of those that never ran. */
  async #sessions(): Promise<string[]> {
    const filters = { label: ['org.testcontainers.ryuk=true'] };
    const reapers = await this.#docker.listContainers({ all: true, filters });
    return reapers.map(({ Labels }) => Labels['org.testcontainers.session-id'] ?? '');
  }
}
