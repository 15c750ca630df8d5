import type Docker from 'dockerode';
import { getContainerRuntimeClient, getReaper, LABEL_TESTCONTAINERS_SESSION_ID } from 'testcontainers';
import { withDeadline } from '../time/deadline.ts';
import { drawAgain } from './draw-again.ts';
import { boundCalls, lastStalled } from './engine/bounded-calls.ts';
import { engineSocket } from './engine/connect.ts';
import { EnvironmentError } from './environment-error.ts';
import { LIMITS } from './limits.ts';
import { requireReaper } from './require-reaper.ts';
import { setTestcontainers } from './testcontainers-settings.ts';

/** The reaper's container, as the engine names it in an error. */
const NAME = /testcontainers-ryuk-[0-9a-f]+/;

/** Reapers that the engine has been asked for, until one of them works: name -> the engine's answer. */
const asked = new Map<string, Promise<unknown>>();
let givenUp = false;

/**
 * The reaper's session of this process: everything that carries these labels is removed by Ryuk when this process
 * is gone, however it ended.
 *
 * @param reaperImage the image that speaks Ryuk's protocol
 * @throws EnvironmentError when there is no reaper afterwards, or Testcontainers is told by its own settings to use
 *   another engine
 */
export async function startSession(reaperImage: string): Promise<Readonly<Record<string, string>>> {
  setTestcontainers(process.env, reaperImage);
  const client = await getContainerRuntimeClient();
  const { socketPath, host } = client.container.dockerode.modem as { socketPath?: string; host?: string };
  if (socketPath !== engineSocket()) {
    throw new EnvironmentError(
      `Testcontainers would use another engine (${socketPath ?? host}) than zonestorm (${engineSocket()})`,
      'Remove docker.host and tc.host from ~/.testcontainers.properties, or point DOCKER_HOST to the same socket.',
    );
  }
  boundCalls(client.container.dockerode);
  const noteNoMore = noteReaper(client.container.dockerode);
  const reaper = await drawAgain(
    () => getReaper(client),
    async ({ message }) => {
      // It never ran, so nobody would remove it.
      const [name] = NAME.exec(message) ?? [];
      const container = name === undefined ? null : client.container.dockerode.getContainer(name);
      await container?.remove({ force: true, v: true }).catch(() => undefined);
    },
  ).catch((error: Error) => {
    if (error instanceof EnvironmentError) throw error;
    // Testcontainers tells some of the engine's failures in its own words, and of some calls nothing.
    const stalled = lastStalled(client.container.dockerode);
    if (stalled !== null) throw stalled;
    throw new EnvironmentError(
      `the reaper, which removes what a killed run leaves, did not start: ${error.message}`,
      'Read the log of the engine, restart it, and run the command again.',
      { cause: error },
    );
  });
  const labels = { 'org.testcontainers': 'true', [LABEL_TESTCONTAINERS_SESSION_ID]: reaper.sessionId };
  await requireReaper(client.container.dockerode, reaperName(labels));
  noteNoMore();
  return labels;
}

/**
 * Until its session has begun, Testcontainers tells nobody which reaper it makes. It would also join one that it finds,
 * of another program with Testcontainers: what a killed run leaves would stay for as long as that program lives, and a run
 * that has ended would remove that program's reaper. So it finds none.
 */
function noteReaper(docker: Docker): () => void {
  const { createContainer, listContainers } = docker;
  docker.listContainers = (() => Promise.resolve([])) as Docker['listContainers'];
  const create = createContainer.bind(docker) as (options: Docker.ContainerCreateOptions) => Promise<unknown>;
  docker.createContainer = ((options: Docker.ContainerCreateOptions) => {
    if (givenUp) return Promise.reject(new Error('given up'));
    const answer = create(options);
    asked.set(options.name ?? '', answer);
    return answer;
  }) as Docker['createContainer'];
  return () => {
    Object.assign(docker, { createContainer, listContainers });
    asked.clear();
  };
}

/**
 * Removes the reaper of a session that was given up before it began, by Ctrl-C or a call that was never answered: one
 * that was made and not started would stay, as it removes others and nobody removes it. There will be no session.
 */
export async function giveUpSession(docker: Docker): Promise<void> {
  givenUp = true;
  for (const [name, answer] of asked) {
    await withDeadline(answer, LIMITS.callsEndMs, 'the reaper').catch(() => undefined);
    const container = docker.getContainer(name);
    await withDeadline(container.remove({ force: true, v: true }), LIMITS.callsEndMs, 'the reaper’s removal').catch(
      () => undefined,
    );
  }
}

/** Name of the reaper's own container, which Testcontainers gives it. */
export function reaperName(sessionLabels: Readonly<Record<string, string>>): string {
  return `testcontainers-ryuk-${sessionLabels[LABEL_TESTCONTAINERS_SESSION_ID]}`;
}
