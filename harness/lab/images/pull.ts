import type Docker from 'dockerode';
import { followBuild } from './build-image.ts';
import { type PublicImage, publicName } from './catalogue.ts';

export interface ImageContext {
  readonly docker: Docker;
  readonly progress: (line: string) => void;
}

/** False when no registry gives it: the caller then builds without one. */
export async function pull(context: ImageContext, image: PublicImage): Promise<boolean> {
  const name = publicName(image);
  try {
    const stream = await context.docker.pull(name);
    context.progress(`pulling image ${name}`);
    await followBuild(context.docker, stream, name);
    return true;
  } catch {
    return false;
  }
}
