/**
 * Testcontainers' settings in the environment, also those that a later version may have. Of `~/.testcontainers.properties`
 * it reads only how to reach the engine.
 */
const SETTINGS = /^(TESTCONTAINERS|RYUK)_/;

/** What a machine may need, and what takes nothing away from a run. */
const KEPT = new Set([
  // Where the engine has its own socket, if this process reaches it another way.
  'TESTCONTAINERS_DOCKER_SOCKET_OVERRIDE',
  // A security policy may let only privileged containers open the socket.
  'TESTCONTAINERS_RYUK_PRIVILEGED',
]);

/**
 * Gives Testcontainers the settings of a run, and takes away those that a machine or a CI has for other projects. Without a
 * reaper (`RYUK_DISABLED`) what a killed run leaves would stay, and with a long `RYUK_RECONNECTION_TIMEOUT` it would stay
 * long; a prefix for images' names would also be put before those of our own, which no registry has; and with a fixed
 * `RYUK_PORT` two runs could not be side by side.
 */
export function setTestcontainers(environment: NodeJS.ProcessEnv, reaperImage: string): void {
  for (const name of Object.keys(environment)) if (SETTINGS.test(name) && !KEPT.has(name)) delete environment[name];
  environment.RYUK_CONTAINER_IMAGE = reaperImage;
  // Marks our reapers: no other program's Testcontainers joins one with this label, and `zonestorm clean` knows it by it.
  environment.TESTCONTAINERS_RYUK_TEST_LABEL = 'true';
  // On a machine that is a container itself, Testcontainers would look for published ports at the engine's gateway;
  // ours are published on 127.0.0.1, of the machine that zonestorm runs on, and nowhere else.
  environment.TESTCONTAINERS_HOST_OVERRIDE = '127.0.0.1';
  // For engines that are reached over TCP. Testcontainers would speak TLS on the socket, too, and then look for another
  // engine. Empty, it also outdoes what the file says.
  environment.DOCKER_TLS_VERIFY = '';
}
