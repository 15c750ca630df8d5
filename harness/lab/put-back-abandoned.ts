import { rm } from 'node:fs/promises';
import type Docker from 'dockerode';
import { aboutLeft, clean, REAPER_LABELS, requireGone } from './clean.ts';
import { EnvironmentError } from './environment-error.ts';
import { type Abandoned, abandonedJournals, journalFolder } from './journal.ts';

/**
 * Puts back what runs had in force whose process is gone, killed as a rule. All that a fault changes is in containers
 * and networks of its run, so putting it back is removing them; that nothing of the run is left is read from the
 * engine before its journal goes. The reaper has mostly done it before. Runs that are going on are left alone.
 *
 * @throws EnvironmentError when something of such a run cannot be removed; its journal stays then
 */
export async function putBackAbandoned(
  docker: Docker,
  progress: (line: string) => void,
  folder = journalFolder(),
): Promise<readonly Abandoned[]> {
  const abandoned = await abandonedJournals(folder);
  for (const { runId, path, faults } of abandoned) {
    const why = await remove(docker, runId, progress);
    if (why !== null) {
      const ids = faults.map(({ id }) => id).join(', ') || 'none';
      throw new EnvironmentError(
        `run ${runId} ended with faults in force (${ids}), and its containers could not be removed: ${why}`,
        'Restart the engine, then `zonestorm clean`.',
      );
    }
    await rm(path, { force: true });
  }
  await removeIdleReapers(docker);
  return abandoned;
}

/** Why something of the run is left; `null`: nothing is. */
async function remove(docker: Docker, runId: string, progress: (line: string) => void): Promise<string | null> {
  try {
    const { left } = await clean(docker, runId);
    await requireGone(docker, runId, left);
    if (left.length > 0) progress(aboutLeft(left));
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}

/** Older than any start of a reaper takes. */
const REAPER_START_S = 60;

/**
 * Reapers of ours that were created and never started, as their run was killed between the two: they do nothing, and
 * nobody else removes them.
 */
async function removeIdleReapers(docker: Docker): Promise<void> {
  const filters = { label: [...REAPER_LABELS], status: ['created'] };
  const reapers = await docker.listContainers({ all: true, filters });
  const idle = reapers.filter(({ Created }) => Date.now() / 1000 - Created > REAPER_START_S);
  // Another start may be removing it too.
  await Promise.all(
    idle.map(({ Id }) =>
      docker
        .getContainer(Id)
        .remove()
        .catch(() => undefined),
    ),
  );
}
