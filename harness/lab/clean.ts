import { setTimeout as delay } from 'node:timers/promises';
import type Docker from 'dockerode';
import pLimit from 'p-limit';
import { EnvironmentError } from './environment-error.ts';
import { LABELS } from './labels.ts';
import { LIMITS } from './limits.ts';

export interface Cleaned {
  readonly containers: number;
  readonly networks: number;
  readonly volumes: number;
}

/** Somebody else, the reaper mostly, may be removing the same: what waits for that is gone within seconds. */
const ROUNDS = 60;
const ROUND_MS = 500;

/**
 * Removes everything of ours on the engine, or of one run, by exact label: containers (running or not) first, since
 * they hold the rest, and those that are still in their networks one after the other (`stopConcurrency` in `limits.ts`
 * says why). Images and the engine stay.
 * Idempotent; two at once do not disturb each other.
 *
 * @throws EnvironmentError when something cannot be removed, with the engine's own words
 */
export async function clean(docker: Docker, runId?: string): Promise<Cleaned> {
  const label = [runId === undefined ? `${LABELS.ours}=true` : `${LABELS.run}=${runId}`];
  const removed = { containers: 0, networks: 0, volumes: 0 };
  for (let round = 1; ; round += 1) {
    const busy: Error[] = [];
    const remove = async (
      what: keyof Cleaned,
      removals: readonly (() => Promise<unknown>)[],
      concurrency = 1,
    ): Promise<void> => {
      const limit = pLimit(concurrency);
      const ends = await Promise.all(removals.map((removal) => limit(() => endOf(removal()))));
      removed[what] += ends.filter((end) => end === 'removed').length;
      busy.push(...ends.filter((end) => end instanceof Error));
    };
    const containers = await docker.listContainers({ all: true, filters: { label } });
    const removals = (some: readonly Docker.ContainerInfo[]) =>
      some.map(
        ({ Id }) =>
          () =>
            docker.getContainer(Id).remove({ force: true, v: true }),
      );
    const hasLeft = ({ State }: Docker.ContainerInfo): boolean => State === 'exited' || State === 'created';
    await remove('containers', removals(containers.filter(hasLeft)), LIMITS.startConcurrency);
    await remove('containers', removals(containers.filter((one) => !hasLeft(one))));
    const networks = await docker.listNetworks({ filters: { label } });
    await remove(
      'networks',
      networks.map(
        ({ Id }) =>
          () =>
            docker.getNetwork(Id).remove(),
      ),
    );
    const { Volumes } = await docker.listVolumes({ filters: { label } });
    await remove(
      'volumes',
      (Volumes ?? []).map(
        ({ Name }) =>
          () =>
            docker.getVolume(Name).remove({ force: true }),
      ),
    );
    const [first] = busy;
    if (first === undefined) return removed;
    if (round === ROUNDS) {
      // Docker 20.10 may keep a network that many containers left at once, see `stopConcurrency` in `limits.ts`.
      const remedy = 'Restart the engine, then `zonestorm clean`.';
      throw new EnvironmentError(`the engine does not let go of something: ${first.message}`, remedy, { cause: first });
    }
    await delay(ROUND_MS);
  }
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
 * `gone` already; or an error when it is on its way (409) or still held by something that is (403: a network with
 * endpoints), so that it is tried again.
 */
async function endOf(removal: Promise<unknown>): Promise<'removed' | 'gone' | Error> {
  try {
    await removal;
    return 'removed';
  } catch (error) {
    const { statusCode } = error as { statusCode?: number };
    if (statusCode === 404) return 'gone';
    if (statusCode === 409 || statusCode === 403) return error as Error;
    throw error;
  }
}
