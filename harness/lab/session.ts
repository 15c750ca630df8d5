import type Docker from 'dockerode';
import { getContainerRuntimeClient, getReaper, LABEL_TESTCONTAINERS_SESSION_ID } from 'testcontainers';
import { withDeadline } from '../time/deadline.ts';
import { KEPT_LOG, remedyOfLog } from './containers/kept-log.ts';
import { drawAgain } from './draw-again.ts';
import { boundCalls, lastStalled } from './engine/bounded-calls.ts';
import { engineSocket } from './engine/connect.ts';
import type { EngineInfo } from './engine/require-fit-engine.ts';
import { EnvironmentError } from './environment-error.ts';
import { LIMITS } from './limits.ts';
import { PUBLISHING_REMEDY } from './networks/publishing.ts';
import { reaperSecurity } from './reaper-security.ts';
import { requireReaper } from './require-reaper.ts';
import { setTestcontainers } from './testcontainers-settings.ts';
import { tryInContainer } from './try-in-container.ts';

/** The reaper's container, as the engine names it in an error. */
const NAME = /testcontainers-ryuk-[0-9a-f]+/;

const RESTART = 'Read the log of the engine, restart it, and run the command again.';
const OPEN_SOCKET =
  'It needs the engine’s socket in its container: unset TESTCONTAINERS_DOCKER_SOCKET_OVERRIDE, or point it to where the ' +
  'engine has its socket; where a policy of the machine (SELinux, AppArmor) denies it, allow it.';

/** Reapers that the engine has been asked for, until one of them works: name -> how, and the engine's answer. */
const asked = new Map<string, { readonly options: Docker.ContainerCreateOptions; readonly answer: Promise<unknown> }>();
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
  const security = reaperSecurity((await client.container.dockerode.info()) as EngineInfo);
  const noteNoMore = noteReaper(client.container.dockerode, security);
  const reaper = await drawAgain(
    () => getReaper(client),
    async ({ message }) => {
      // It never ran, so nobody would remove it.
      const [name] = NAME.exec(message) ?? [];
      const container = name === undefined ? null : client.container.dockerode.getContainer(name);
      await container?.remove({ force: true, v: true }).catch(() => undefined);
    },
  ).catch(async (error: Error) => {
    if (error instanceof EnvironmentError) throw error;
    // Testcontainers tells some of the engine's failures in its own words, and of some calls nothing.
    const stalled = lastStalled(client.container.dockerode);
    if (stalled !== null) throw stalled;
    throw reaperFailed(error, await lastWords(client.container.dockerode));
  });
  const labels = { 'org.testcontainers': 'true', [LABEL_TESTCONTAINERS_SESSION_ID]: reaper.sessionId };
  await requireReaper(client.container.dockerode, reaperName(labels));
  noteNoMore();
  return labels;
}

/** Testcontainers' words for a reaper that runs, and whose published port nobody answers at. */
const UNREACHABLE = /connect to reaper/i;

/** Why the reaper did not start, in words that say what to do. `words`: its own, where it ended. */
export function reaperFailed(cause: Error, words: string | null = null): EnvironmentError {
  const remedy = UNREACHABLE.test(cause.message) ? PUBLISHING_REMEDY : RESTART;
  return new EnvironmentError(
    `the reaper, which removes what a killed run leaves, did not start: ${words ?? cause.message}`,
    words === null ? (remedyOfLog(cause) ?? remedy) : OPEN_SOCKET,
    { cause },
  );
}

/**
 * What a reaper says that ends at once; `null`: it does not, or nothing. The engine removes the reaper as it ends, and its
 * words with it, so it is tried once more; one that starts now ends soon, as nobody comes.
 */
async function lastWords(docker: Docker): Promise<string | null> {
  const { Image = '', HostConfig } = [...asked.values()].at(-1)?.options ?? {};
  if (givenUp || Image === '') return null;
  const { Binds, Privileged, SecurityOpt } = HostConfig ?? {};
  const trial = { docker, image: Image, runId: `reaper-${process.pid}` };
  const hostConfig = { Binds, Privileged, SecurityOpt };
  const tried = await tryInContainer(trial, { environment: ['RYUK_CONNECTION_TIMEOUT=1s'], hostConfig }).catch(
    () => null,
  );
  return tried === null || tried.exitCode === 0 || tried.printed === '' ? null : tried.printed;
}

/**
 * Until its session has begun, Testcontainers tells nobody which reaper it makes. It would also join one that it finds,
 * of another program with Testcontainers: what a killed run leaves would stay for as long as that program lives, and a run
 * that has ended would remove that program's reaper. So it finds none.
 */
function noteReaper(docker: Docker, security: readonly string[]): () => void {
  const { createContainer, listContainers } = docker;
  docker.listContainers = (() => Promise.resolve([])) as Docker['listContainers'];
  const create = createContainer.bind(docker) as (options: Docker.ContainerCreateOptions) => Promise<unknown>;
  docker.createContainer = ((given: Docker.ContainerCreateOptions) => {
    if (givenUp) return Promise.reject(new Error('given up'));
    // Testcontainers reads from its log that it has started.
    const HostConfig = { ...given.HostConfig, SecurityOpt: [...security], LogConfig: KEPT_LOG };
    const options = { ...given, HostConfig };
    const answer = create(options);
    // A trial has no name, and removes itself.
    if (options.name !== undefined) asked.set(options.name, { options, answer });
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
  for (const [name, { answer }] of asked) {
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
