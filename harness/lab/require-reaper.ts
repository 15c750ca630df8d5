import type Docker from 'dockerode';
import { EnvironmentError } from './environment-error.ts';

/**
 * Nothing may start without a reaper: whatever setting of Testcontainers left it out, what a killed run leaves would stay.
 *
 * @param name of the reaper's container
 * @throws EnvironmentError when there is none that runs and is this run's own
 */
export async function requireReaper(docker: Docker, name: string): Promise<void> {
  const why = await whyNone(docker, name);
  if (why === null) return;
  throw new EnvironmentError(
    `${why}: without a reaper of its own, what a killed run leaves would stay`,
    'Unset the variables that begin with TESTCONTAINERS_, remove ~/.testcontainers.properties, and run the command again.',
  );
}

async function whyNone(docker: Docker, name: string): Promise<string | null> {
  try {
    const { Config, State } = await docker.getContainer(name).inspect();
    if (!State.Running) return `the reaper ${name} has ended`;
    // By this label `zonestorm clean` finds it, and others do not join it.
    return Config.Labels?.TESTCONTAINERS_RYUK_TEST_LABEL === 'true' ? null : `the reaper ${name} is not this run’s`;
  } catch (error) {
    if ((error as { statusCode?: number }).statusCode === 404) return `Testcontainers made no reaper ${name}`;
    throw error;
  }
}
