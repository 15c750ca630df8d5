import { readdir } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type Docker from 'dockerode';
import { putBackAbandoned } from '../../harness/lab/put-back-abandoned.ts';
import type { Drill } from './drill.ts';
import { belongingsOf, remainsMeanwhile, remainsOf } from './remains.ts';

/** The reaper acts five seconds after the run's process is gone, and removes some twenty containers. */
const CLEAN_WITHIN_MS = 30_000;
const LOOK_EVERY_MS = 500;

export interface Kill {
  /** s from the start of the process. */
  readonly atSeconds: number;
  /** `false`: it had ended by itself before. */
  readonly killed: boolean;
  /** Where the run was. */
  readonly stage: string;
  /** By its journal, at the kill: `pause-1: b2 was frozen`. */
  readonly inForce: readonly string[];
  /** Containers, networks and volumes on the engine, and interfaces of the host, right after the kill. */
  readonly had: number;
  /** s from the kill to when nothing was left; `null`: something was after 30 s. */
  readonly cleanAfterSeconds: number | null;
  /** What was left after 30 s, in words. */
  readonly leftovers: readonly string[];
  /** What the next start says that it put back; `null`: the run had not got as far as a journal. */
  readonly reported: readonly string[] | null;
  /** What was left after that, in words, journals too. */
  readonly leftAfterNextStart: readonly string[];
}

/**
 * Kills a run, waits for its reaper, and looks for everything that the run had. Then does what the next start does.
 *
 * @param session of the run's reaper, where that is known
 */
export async function killAndLook(docker: Docker, drill: Drill, session: string | null = null): Promise<Kill> {
  drill.child.kill('SIGKILL');
  const killedAt = performance.now();
  const { signal } = await drill.ended;
  const [journal, stage] = await Promise.all([drill.journal(), drill.stage()]);
  const mark = `XDG_STATE_HOME=${drill.state}`;
  const all = await belongingsOf(docker, journal?.runId ?? null, mark, session);
  let leftovers = await remainsMeanwhile(docker, all);
  while (leftovers.length > 0 && performance.now() - killedAt < CLEAN_WITHIN_MS) {
    await delay(LOOK_EVERY_MS);
    leftovers = await remainsMeanwhile(docker, all);
  }
  // The whole of it; what goes only while it is looked for was left all the same.
  if (leftovers.length > 0) leftovers = [...new Set([...leftovers, ...(await remainsOf(docker, all))])];
  const cleanAt = performance.now();
  const reported = await putBackAbandoned(docker, console.error, drill.journals);
  const journals = await readdir(drill.journals).catch(() => []);
  return {
    atSeconds: seconds(killedAt - drill.began),
    killed: signal === 'SIGKILL',
    stage,
    inForce: (journal?.inForce ?? []).map(({ id, description }) => `${id}: ${description}`),
    had: all.containers.length + all.networks.length + all.volumes.length + all.interfaces.length,
    cleanAfterSeconds: leftovers.length === 0 ? seconds(cleanAt - killedAt) : null,
    leftovers,
    reported: journal === null ? null : reported.flatMap(({ faults }) => faults.map(({ id }) => id)),
    leftAfterNextStart: [...(await remainsOf(docker, all)), ...journals.map((name) => `journal ${name}`)],
  };
}

/** In words, every way in which a kill did not end as it must. */
export function faultsOf(kill: Kill): string[] {
  const known = kill.inForce.map((line) => line.slice(0, line.indexOf(':')));
  const reported = kill.reported ?? [];
  return [
    ...kill.leftovers.map((one) => `left after 30 s: ${one}`),
    ...kill.leftAfterNextStart.map((one) => `left after the next start: ${one}`),
    ...known.filter((id) => !reported.includes(id)).map((id) => `the next start did not tell of ${id}`),
    ...reported.filter((id) => !known.includes(id)).map((id) => `the next start told of ${id}, which was not in force`),
  ];
}

export const seconds = (ms: number): number => Math.round(ms / 10) / 100;
