import { setTimeout as delay } from 'node:timers/promises';
import type Docker from 'dockerode';
import pLimit from 'p-limit';
import { monotonicMs } from '../time/monotonic.ts';
import { EnvironmentError } from './environment-error.ts';
import { LABELS } from './labels.ts';
import { type Left, leftOf } from './left.ts';
import { LIMITS } from './limits.ts';
import { containersOn, networksOn, removeThing, type Thing, volumesOn } from './things.ts';

export interface Cleaned {
  readonly containers: number;
  readonly networks: number;
  readonly volumes: number;
  /** What the engine does not let go of, though nothing runs in it any more. */
  readonly left: readonly Left[];
}

const ROUND_MS = 500;
/**
 * Somebody else, the reaper mostly, may be removing the same: what waits for that is gone within seconds. By time and
 * not by rounds, as an engine tries for five seconds to remove a file system that is busy before it says so.
 */
const PATIENCE_MS = 30_000;
/**
 * A network or volume of which all containers of ours have gone is let go of at once; or, mostly, not before somebody
 * else's container has gone or the engine is restarted.
 */
const FREE_ROUNDS = 20;

/**
 * Reapers are named by Testcontainers, which gives them no label of a run's. These two mark those that are not shared
 * between processes, which only zonestorm asks for.
 */
export const REAPER_LABELS: readonly string[] = ['org.testcontainers.ryuk=true', 'TESTCONTAINERS_RYUK_TEST_LABEL=true'];

/**
 * Removes everything of ours on the engine, or of one run, by exact label: containers (running or not) first, since
 * they hold the rest, and those that are still in their networks one after the other (`stopConcurrency` in `limits.ts`
 * says why). Of everything, reapers too: one that could not do its work stays. Images and the engine stay.
 * Idempotent; two at once do not disturb each other.
 *
 * Something may stay: a network with an endpoint too many, as Docker 20.10 sometimes counts them, or with a container
 * that is not ours; a volume that such a container holds; a stopped container whose file system is busy. Nothing else is
 * kept from being removed by it, and it is told and left. Containers that are not ours are never touched.
 *
 * @throws EnvironmentError when a container runs on or stays frozen, with the engine's own words
 */
export async function clean(docker: Docker, runId?: string): Promise<Cleaned> {
  const label = [runId === undefined ? `${LABELS.ours}=true` : `${LABELS.run}=${runId}`];
  const removed = { container: 0, network: 0, volume: 0 };
  const cleaned = (left: readonly Left[]): Cleaned => ({
    containers: removed.container,
    networks: removed.network,
    volumes: removed.volume,
    left,
  });
  let fewest = Number.POSITIVE_INFINITY;
  let fewestSince = monotonicMs();
  let freeRounds = 0;
  for (;;) {
    const busy: { readonly thing: Thing; readonly error: Error }[] = [];
    const remove = async (things: readonly Thing[], concurrency = 1): Promise<void> => {
      const limit = pLimit(concurrency);
      const ends = await Promise.all(things.map((thing) => limit(() => endOf(removeThing(docker, thing)))));
      for (const [i, thing] of things.entries()) {
        const end = ends[i];
        if (end === 'removed') removed[thing.kind] += 1;
        else if (end instanceof Error) busy.push({ thing, error: end });
      }
    };
    const containers = await containersOn(docker, label);
    if (runId === undefined) containers.push(...(await containersOn(docker, REAPER_LABELS)));
    // Those that have left their networks.
    await remove(
      containers.filter(({ runs }) => !runs),
      LIMITS.startConcurrency,
    );
    await remove(containers.filter(({ runs }) => runs));
    await remove(await networksOn(docker, label));
    await remove(await volumesOn(docker, label));
    if (busy.length === 0) return cleaned([]);
    if (busy.length < fewest) {
      fewest = busy.length;
      fewestSince = monotonicMs();
    }
    freeRounds = containers.length === 0 ? freeRounds + 1 : 0;
    if (freeRounds === FREE_ROUNDS || monotonicMs() - fewestSince >= PATIENCE_MS) {
      const alive = busy.find(({ thing }) => thing.runs);
      if (alive !== undefined) throw stillRuns(alive.thing, alive.error);
      return cleaned(await Promise.all(busy.map(({ thing, error }) => leftOf(docker, thing, error))));
    }
    await delay(ROUND_MS);
  }
}

const stillRuns = ({ name }: Thing, cause: Error): EnvironmentError =>
  new EnvironmentError(
    `the engine does not let go of the container ${name}, which still runs or is frozen: ${cause.message}`,
    'Restart the engine, then `zonestorm clean`.',
    { cause },
  );

/**
 * Throws when anything of the run is on the engine but what is left of it, or when that runs.
 * @throws Error
 */
export async function requireGone(docker: Docker, runId: string, left: readonly Left[]): Promise<void> {
  const label = [`${LABELS.run}=${runId}`];
  const there = await Promise.all([containersOn(docker, label), networksOn(docker, label), volumesOn(docker, label)]);
  const isLeft = (thing: Thing): boolean => left.some(({ kind, id }) => kind === thing.kind && id === thing.id);
  const others = there.flat().filter((thing) => thing.runs || !isLeft(thing));
  if (others.length === 0) return;
  const names = others.map(({ name }) => name).join(', ');
  throw new Error(`the engine still has something of this run: ${names}`);
}

/** Ids of runs that have anything on the engine. */
export async function runsOnEngine(docker: Docker): Promise<string[]> {
  const filters = { label: [`${LABELS.ours}=true`] };
  const [containers, networks, { Volumes }] = await Promise.all([
    docker.listContainers({ all: true, filters }),
    docker.listNetworks({ filters }),
    docker.listVolumes({ filters }),
  ]);
  const labels = [...containers, ...networks, ...(Volumes ?? [])].map((one) => one.Labels?.[LABELS.run]);
  return [...new Set(labels.filter((id) => id !== undefined))];
}

/**
 * `gone` already; or an error when it is on its way or held (409), still held by something that is (403: a network with
 * endpoints), or could not be removed (500: a file system that is busy), so that it is tried again, and what comes after
 * it is tried as well.
 */
async function endOf(removal: Promise<unknown>): Promise<'removed' | 'gone' | Error> {
  try {
    await removal;
    return 'removed';
  } catch (error) {
    const { statusCode = 0 } = error as { statusCode?: number };
    if (statusCode === 404) return 'gone';
    if (statusCode === 409 || statusCode === 403 || statusCode >= 500) return error as Error;
    // A call that came to its limit; the engine may be busy with just that.
    if (error instanceof EnvironmentError) return error;
    throw error;
  }
}
