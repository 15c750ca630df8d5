import type Docker from 'dockerode';
import { Stop } from '../lab/engine/bounded-calls.ts';
import { ensureEngine } from '../lab/engine/ensure-engine.ts';
import { type EngineIdentity, identityOf } from '../lab/engine/identity.ts';
import { requireFitEngine } from '../lab/engine/require-fit-engine.ts';
import { EngineWatch } from '../lab/engine/watch-engine.ts';
import { resolveImage, resolveReaper } from '../lab/images/resolve-images.ts';
import type { LabImages } from '../lab/lab.ts';
import { LIMITS } from '../lab/limits.ts';
import { isCi, mayInstall } from '../lab/may-install.ts';
import { allEnded } from '../time/all-ended.ts';
import { withDeadline } from '../time/deadline.ts';
import { settled } from '../time/settled.ts';

export interface Prepared {
  readonly docker: Docker;
  readonly engine: EngineIdentity;
  readonly images: LabImages;
  readonly reaper: string;
}

/**
 * Sets up whatever is missing: the engine, and every image that a run needs. A second time takes milliseconds.
 *
 * @param signal ends it, as soon as what the engine is just doing is done
 * @throws EnvironmentError also when the engine stops answering meanwhile
 */
export async function prepareEngine(
  yes: boolean,
  progress: (line: string) => void,
  signal = new AbortController().signal,
): Promise<Prepared> {
  const docker = await ensureEngine({ yes: yes || isCi(), progress });
  return await until(docker, signal, (ended) => resolveAll(docker, yes, progress, ended));
}

/** The image of tools that the tests need, as {@link prepareEngine} makes those of a run. */
export async function prepareTools(
  docker: Docker,
  yes: boolean,
  progress: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  await until(docker, signal, (ended) =>
    resolveImage({ docker, progress, mayInstall: mayInstall(yes), signal: ended }, 'tools'),
  );
}

/** What is resolved, until the signal or the end of the engine; then files that were half made are gone, too. */
async function until<T>(docker: Docker, signal: AbortSignal, resolve: (signal: AbortSignal) => Promise<T>): Promise<T> {
  using watch = new EngineWatch(docker);
  using stop = new Stop(signal, [docker]);
  const resolved = resolve(stop.signal);
  try {
    return await stop.during(withDeadline(resolved, LIMITS.prepareMs, 'the images', watch.gone));
  } finally {
    if (signal.aborted) await settled(resolved, LIMITS.callsEndMs);
  }
}

async function resolveAll(
  docker: Docker,
  yes: boolean,
  progress: (line: string) => void,
  signal: AbortSignal,
): Promise<Prepared> {
  const standing = await requireFitEngine(docker);
  if (standing.how === 'unknown') progress(`the Docker engine is ${standing.words}; what a run relies on is read back`);
  const context = { docker, progress, mayInstall: mayInstall(yes), signal };
  // One waits for packages while the other compiles.
  const [runtime, toxiproxy] = await allEnded([resolveImage(context, 'runtime'), resolveImage(context, 'toxiproxy')]);
  const fixtures = await resolveImage(context, 'fixtures');
  const reaper = await resolveReaper(context);
  return {
    docker,
    engine: await identityOf(docker),
    images: { runtime: runtime.tag, toxiproxy: toxiproxy.tag, fixtures: fixtures.tag },
    reaper: reaper.tag,
  };
}
