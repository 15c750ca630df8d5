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
  /** Names of networks that the engine does not let go of, though nothing of ours is on them any more. */
  readonly left: readonly string[];
}

/** Somebody else, the reaper mostly, may be removing the same: what waits for that is gone within seconds. */
const ROUNDS = 60;
const ROUND_MS = 500;
/** A network of which all containers have gone is let go of at once; or, mostly, not before the engine is restarted. */
const NETWORK_ROUNDS = 20;

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
 * A network may stay that the engine takes for used: Docker 20.10 sometimes counts an endpoint too many, or somebody
 * attached a container that is not ours. No fault is in force in it, and runs to come take other addresses, so it is told
 * and left.
 *
 * @throws EnvironmentError when something cannot be removed, with the engine's own words
 */
export async function clean(docker: Docker, runId?: string): Promise<Cleaned> {
  const label = [runId === undefined ? `${LABELS.ours}=true` : `${LABELS.run}=${runId}`];
  const removed = { containers: 0, networks: 0, volumes: 0 };
  let onlyNetworks = 0;
  for (let round = 1; ; round += 1) {
    const busy: Error[] = [];
    const remove = async (
      what: keyof typeof removed,
      removals: readonly (() => Promise<unknown>)[],
      concurrency = 1,
    ): Promise<readonly (Error | null)[]> => {
      const limit = pLimit(concurrency);
      const ends = await Promise.all(removals.map((removal) => limit(() => endOf(removal()))));
      removed[what] += ends.filter((end) => end === 'removed').length;
      const errors = ends.map((end) => (end instanceof Error ? end : null));
      busy.push(...errors.filter((error) => error !== null));
      return errors;
    };
    const containers = await docker.listContainers({ all: true, filters: { label } });
    if (runId === undefined) {
      containers.push(...(await docker.listContainers({ all: true, filters: { label: [...REAPER_LABELS] } })));
    }
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
    const held = await remove(
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
    if (first === undefined) return { ...removed, left: [] };
    const left = networks.filter((_, i) => held[i] !== null).map(({ Name }) => Name);
    onlyNetworks = containers.length === 0 && left.length === busy.length ? onlyNetworks + 1 : 0;
    if (onlyNetworks === NETWORK_ROUNDS) return { ...removed, left };
    if (round === ROUNDS) {
      const remedy = 'Restart the engine, then `zonestorm clean`.';
      throw new EnvironmentError(`the engine does not let go of something: ${first.message}`, remedy, { cause: first });
    }
    await delay(ROUND_MS);
  }
}

/** What is to be done about networks that stay, and that nothing else has to be. */
export const aboutLeft = (left: readonly string[]): string =>
  `the engine does not let go of ${left.join(', ')}: it takes ${left.length === 1 ? 'it' : 'them'} for used (\`docker network ` +
  'inspect` may say by whom). Other runs are not disturbed; once that container has gone or the engine was restarted, ' +
  '`zonestorm clean` removes it.';

/**
 * Throws when anything of the run but these networks is on the engine.
 * @throws Error
 */
export async function requireGone(docker: Docker, runId: string, left: readonly string[]): Promise<void> {
  const filters = { label: [`${LABELS.run}=${runId}`] };
  const [containers, networks, { Volumes }] = await Promise.all([
    docker.listContainers({ all: true, filters }),
    docker.listNetworks({ filters }),
    docker.listVolumes({ filters }),
  ]);
  const others = networks.filter(({ Name }) => !left.includes(Name));
  if (containers.length + others.length + (Volumes ?? []).length > 0) {
    throw new Error('the engine still has something of this run');
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
    // A call that came to its limit; the engine may be busy with just that.
    if (error instanceof EnvironmentError) return error;
    throw error;
  }
}
