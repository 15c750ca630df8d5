import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** Settings of the `docker` command, as somebody wrote them: nothing is known of a value's shape. */
export type DockerConfig = Readonly<Record<string, unknown>>;

/** Where `docker` looks for them: `DOCKER_CONFIG` names the folder. */
export const dockerConfigFile = (environment: NodeJS.ProcessEnv = process.env): string =>
  join(environment.DOCKER_CONFIG || join(homedir(), '.docker'), 'config.json');

/** Empty where there are none, or none that can be read: they only ever help, and their lack is no reason to end. */
export function readDockerConfig(environment: NodeJS.ProcessEnv = process.env): DockerConfig {
  try {
    return objectOf(JSON.parse(readFileSync(dockerConfigFile(environment), 'utf8')));
  } catch {
    return {};
  }
}

/** An object's members; of anything else none. */
export const objectOf = (value: unknown): DockerConfig =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as DockerConfig) : {};
