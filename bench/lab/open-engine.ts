import type Docker from 'dockerode';
import { prepareEngine } from '../../harness/cli/prepare-engine.ts';
import type { LabImages } from '../../harness/lab/lab.ts';
import { startSession } from '../../harness/lab/session.ts';

export interface Engine {
  readonly docker: Docker;
  readonly images: LabImages;
  readonly sessionLabels: Readonly<Record<string, string>>;
  /** Time until the reaper stood, ms: once for each process, so no lab's start contains it. */
  readonly reaperMs: number;
}

/**
 * The engine with its images and this process's reaper. The containers' programs are the benchmarks' own and are
 * handed over at their start, so their image is the bare Node.js.
 */
export async function openEngine(progress: (line: string) => void): Promise<Engine> {
  const { docker, images, reaper } = await prepareEngine(true, progress);
  const began = performance.now();
  const sessionLabels = await startSession(reaper);
  const reaperMs = performance.now() - began;
  return { docker, images: { ...images, fixtures: images.runtime }, sessionLabels, reaperMs };
}
