import type Docker from 'dockerode';
import { ensureEngine } from '../lab/engine/ensure-engine.ts';
import { requireFitEngine } from '../lab/engine/require-fit-engine.ts';
import { resolveImage, resolveReaper } from '../lab/images/resolve-images.ts';
import type { LabImages } from '../lab/lab.ts';

export interface Prepared {
  readonly docker: Docker;
  readonly images: LabImages;
  readonly reaper: string;
}

/** Sets up whatever is missing: the engine, and every image that a run needs. A second time takes milliseconds. */
export async function prepareEngine(yes: boolean, progress: (line: string) => void): Promise<Prepared> {
  const docker = await ensureEngine({ yes: yes || process.env.CI !== undefined, progress });
  await requireFitEngine(docker);
  const context = { docker, progress };
  const runtime = await resolveImage(context, 'runtime');
  const toxiproxy = await resolveImage(context, 'toxiproxy');
  const fixtures = await resolveImage(context, 'fixtures');
  const reaper = await resolveReaper(context);
  return {
    docker,
    images: { runtime: runtime.tag, toxiproxy: toxiproxy.tag, fixtures: fixtures.tag },
    reaper: reaper.tag,
  };
}
