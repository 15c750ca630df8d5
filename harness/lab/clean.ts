import type Docker from 'dockerode';
import { LABELS } from './labels.ts';

export interface Cleaned {
  readonly containers: number;
  readonly networks: number;
  readonly volumes: number;
}

/**
 * Removes everything of ours on the engine, or of one run, by exact label: containers (running or not) first, since
 * they hold the rest. Images and the engine stay. Idempotent; two at once do not disturb each other.
 */
export async function clean(docker: Docker, runId?: string): Promise<Cleaned> {
  const label = [runId === undefined ? `${LABELS.ours}=true` : `${LABELS.run}=${runId}`];
  const containers = await docker.listContainers({ all: true, filters: { label } });
  await Promise.all(containers.map(({ Id }) => gone(docker.getContainer(Id).remove({ force: true, v: true }))));
  const networks = await docker.listNetworks({ filters: { label } });
  await Promise.all(networks.map(({ Id }) => gone(docker.getNetwork(Id).remove())));
  const { Volumes } = await docker.listVolumes({ filters: { label } });
  await Promise.all((Volumes ?? []).map(({ Name }) => gone(docker.getVolume(Name).remove({ force: true }))));
  return { containers: containers.length, networks: networks.length, volumes: (Volumes ?? []).length };
}

/** Ids of runs that have anything on the engine. */
export async function runsOnEngine(docker: Docker): Promise<string[]> {
  const filters = { label: [`${LABELS.ours}=true`] };
  const [containers, networks] = await Promise.all([
    docker.listContainers({ all: true, filters }),
    docker.listNetworks({ filters }),
  ]);
  const labels = [...containers, ...networks].map((one) => one.Labels?.[LABELS.run]);
  return [...new Set(labels.filter((id) => id !== undefined))];
}

/** Gone already, or on its way: that is what was asked for. */
async function gone(removal: Promise<unknown>): Promise<void> {
  try {
    await removal;
  } catch (error) {
    const { statusCode } = error as { statusCode?: number };
    if (statusCode !== 404 && statusCode !== 409) throw error;
  }
}
