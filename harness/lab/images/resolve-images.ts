import { existsSync } from 'node:fs';
import type Docker from 'dockerode';
import { EnvironmentError } from '../environment-error.ts';
import { LABELS } from '../labels.ts';
import { PROJECT } from '../project.ts';
import { OWN_IMAGES, type OwnImage, publicName } from './catalogue.ts';
import { type ImageContext, pull } from './pull.ts';
import { RECIPES } from './recipes.ts';

export interface ResolvedImage {
  readonly tag: string;
  readonly how: 'present' | 'pulled' | 'built';
}

/** One image of ours: the present one, else made by its recipe (from pulled images, or without any registry). */
export async function resolveImage(context: ImageContext, image: OwnImage): Promise<ResolvedImage> {
  const tag = OWN_IMAGES[image];
  if (await isPresent(context.docker, tag)) return { tag, how: 'present' };
  const recipe = RECIPES[image];
  const started = performance.now();
  context.progress(`building image ${tag} (${recipe.expected})`);
  try {
    await recipe.build({ ...context, need: async (other) => (await resolveImage(context, other)).tag }, tag);
  } catch (error) {
    throw new EnvironmentError(`image ${tag} could not be built: ${(error as Error).message}`, recipe.remedy, {
      cause: error,
    });
  }
  context.progress(`built image ${tag} in ${((performance.now() - started) / 1000).toFixed(0)} s`);
  await removeOlder(context.docker, tag);
  return { tag, how: 'built' };
}

/** The real Ryuk where it is present or can be pulled; else the reaper of ours that speaks its protocol. */
export async function resolveReaper(context: ImageContext): Promise<ResolvedImage> {
  const tag = publicName('reaper');
  if (await isPresent(context.docker, tag)) return { tag, how: 'present' };
  if (await isPresent(context.docker, OWN_IMAGES.reaper)) return { tag: OWN_IMAGES.reaper, how: 'present' };
  if ((await pull(context, 'reaper')) === null) return { tag, how: 'pulled' };
  return resolveImage(context, 'reaper');
}

export async function isPresent(docker: Docker, tag: string): Promise<boolean> {
  try {
    await docker.getImage(tag).inspect();
    return true;
  } catch (error) {
    if ((error as { statusCode?: number }).statusCode === 404) return false;
    throw error;
  }
}

/**
 * A changed program makes a new tag, and this checkout's images of older states go, unless a container uses them. Those
 * of another checkout stay for as long as its folder is there: two that are worked on side by side would otherwise
 * remove each other's in turn.
 */
async function removeOlder(docker: Docker, tag: string): Promise<void> {
  const repository = tag.slice(0, tag.indexOf(':'));
  for (const image of await docker.listImages({ filters: { reference: [repository] } })) {
    const checkout = image.Labels?.[LABELS.checkout];
    if (checkout !== undefined && checkout !== PROJECT && existsSync(checkout)) continue;
    for (const old of image.RepoTags ?? []) {
      if (old !== tag && old.startsWith(`${repository}:`)) {
        await docker
          .getImage(old)
          .remove()
          .catch(() => undefined);
      }
    }
  }
}
