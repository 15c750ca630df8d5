import { rm } from 'node:fs/promises';
import type Docker from 'dockerode';
import { clean, REAPER_LABELS, requireGone } from './clean.ts';
import { identityOf, otherThan } from './engine/identity.ts';
import { EnvironmentError } from './environment-error.ts';
import { type Abandoned, abandonedJournals, journalFolder } from './journal.ts';
import { aboutLeft } from './left.ts';
import { removeAbandonedTrials } from './trials.ts';

/**
 * Puts back what runs had in force whose process is gone, killed as a rule. All that a fault changes is in containers
 * and networks of its run, so putting it back is removing them; that nothing of the run is left is read from the
 * engine before its journal goes. What the engine does not let go of, and in which nothing runs, is told and left. The
 * reaper has mostly done it before. Runs that are going on are left alone.
 *
 * So are those of another engine, of which nothing would be found here: they are told, and their journals stay until
 * zonestorm runs there. Where this engine has taken the place of theirs, that engine is mostly gone with its containers:
 * `replaced` says whether their journals are then kept, as nobody can know, or forgotten, as somebody has asked for.
 *
 * @returns what was put back
 * @throws EnvironmentError when a container of such a run still runs or is frozen; the run's journal stays then
 */
export async function putBackAbandoned(
  docker: Docker,
  progress: (line: string) => void,
  folder = journalFolder(),
  replaced: 'keep' | 'forget' = 'keep',
): Promise<readonly Abandoned[]> {
  const here = await identityOf(docker);
  const putBack: Abandoned[] = [];
  for (const one of await abandonedJournals(folder)) {
    const other = otherThan(here, one.engine);
    if (other === null) {
      await settle(docker, one, progress);
      putBack.push(one);
    } else if (other.address !== here.address) {
      progress(
        `run ${one.runId} is of the engine at ${other.address}; it is put back when zonestorm runs there. Where that engine ` +
          `is gone for good, remove ${one.path}`,
      );
    } else if (replaced === 'keep') {
      progress(
        `run ${one.runId} is of another engine, which was at ${other.address} before; it is put back when zonestorm runs on ` +
          'that one. Where that engine is gone for good, `zonestorm clean` forgets the run',
      );
    } else {
      await rm(one.path, { force: true });
      progress(
        `run ${one.runId} was of another engine, which was at ${other.address} before; it is forgotten, as that engine's ` +
          'containers are not on this one',
      );
    }
  }
  await removeIdleReapers(docker);
  await removeAbandonedTrials(docker);
  return putBack;
}

/** Removes everything of the run, and then its journal. */
async function settle(docker: Docker, one: Abandoned, progress: (line: string) => void): Promise<void> {
  const { runId, path, faults } = one;
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
