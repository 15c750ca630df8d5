import type Docker from 'dockerode';
import type { MayInstall } from '../may-install.ts';
import { followBuild } from './build-image.ts';
import { type PublicImage, publicName } from './catalogue.ts';

export interface ImageContext {
  readonly docker: Docker;
  readonly progress: (line: string) => void;
  /** Asked before anything is installed on this machine; default: only in CI. */
  readonly mayInstall?: MayInstall;
  /** Ends pulls, builds and the programs that make something for them; each removes its files. */
  readonly signal?: AbortSignal;
}

/**
 * Why no registry gives it, told at once; `null`: it was pulled. A caller then builds without a registry: a wrong
 * mirror, a full disk or a limit of the registry's would otherwise look like whatever goes wrong there.
 */
export async function pull(context: ImageContext, image: PublicImage): Promise<string | null> {
  const name = publicName(image);
  context.progress(`pulling image ${name}`);
  try {
    const { docker, signal } = context;
    const stream = await docker.pull(name, signal === undefined ? {} : { abortSignal: signal });
    await followBuild(context.docker, stream, name);
    return null;
  } catch (error) {
    // Nobody waits for what would be made instead.
    if (context.signal?.aborted === true) throw error;
    const [why = ''] = (error as Error).message.trim().split('\n');
    context.progress(`image ${name} cannot be pulled: ${why}`);
    return `image ${name} cannot be pulled: ${why}`;
  }
}

/** What is done instead of a pull; its error says why there was none. */
export async function insteadOf<T>(notPulled: string, build: () => Promise<T>): Promise<T> {
  try {
    return await build();
  } catch (error) {
    throw new Error(`${(error as Error).message} (${notPulled})`, { cause: error });
  }
}
