import type Docker from 'dockerode';
import { nameOf, type Thing } from './things.ts';

/**
 * Something of ours that the engine does not let go of, and in which nothing runs. No fault is in force in it, and runs to
 * come take other names and addresses, so it is told and left.
 */
export interface Left extends Thing {
  /** Who holds it, or else the engine's own words. */
  readonly why: string;
}

export async function leftOf(docker: Docker, thing: Thing, error: Error): Promise<Left> {
  // The client puts a space behind the engine's words.
  const words = error.message.trim();
  if (thing.kind === 'network') return { ...thing, why: `${words}; \`docker network inspect\` may say who holds it` };
  const holders = thing.kind === 'volume' ? await holdersOf(docker, thing.name) : [];
  return { ...thing, why: holders.length === 0 ? words : `held by the container ${holders.join(', ')}` };
}

/** Names of the containers that have a volume, whoever they belong to. */
async function holdersOf(docker: Docker, volume: string): Promise<string[]> {
  // What the engine's refusal says is enough where it does not say more.
  const holders = await docker.listContainers({ all: true, filters: { volume: [volume] } }).catch(() => []);
  return holders.map(nameOf);
}

/** What is to be done about it, and that nothing else has to be. */
export const aboutLeft = (left: readonly Left[]): string =>
  `the engine does not let go of ${left.map(({ name, kind, why }) => `${name} (${kind}: ${why})`).join(', ')}. Nothing ` +
  'runs in it, and other runs are not disturbed; once whoever holds it has gone, or the engine was restarted, ' +
  '`zonestorm clean` removes it.';
