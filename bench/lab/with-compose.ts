import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type Docker from 'dockerode';
import { installPackages } from '../../harness/lab/engine/ensure-engine.ts';
import type { ContainerSet, SetContainer } from './container-set.ts';
import { printedReady } from './with-dockerode.ts';

const run = promisify(execFile);

/** Its version, such as `1.29.2`; installed from Debian's packages where it is missing. */
export async function composeTool(progress: (line: string) => void): Promise<string> {
  const version = async (): Promise<string> => (await run('docker-compose', ['version', '--short'])).stdout.trim();
  try {
    return await version();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    progress('installing docker-compose with apt-get');
    await installPackages(['docker-compose']);
    return version();
  }
}

/** The set as a Compose file: https://github.com/compose-spec/compose-spec, in the version that 1.29 reads. */
export function composeFile(set: ContainerSet): object {
  const serviceOf = (container: SetContainer): object => ({
    container_name: container.name,
    image: container.image,
    // A dollar begins a variable in a Compose file.
    command: container.command.map(plain),
    environment: container.environment.map(plain),
    labels: container.labels,
    ...(container.stopSignal === null ? {} : { stop_signal: container.stopSignal }),
    ...networksOf(container),
    ports: container.publish.map((port) => `127.0.0.1::${port.replace('/tcp', '')}`),
    cap_add: container.capAdd,
    cap_drop: container.capDrop,
    security_opt: container.securityOpt,
    sysctls: container.sysctls,
    volumes: container.binds,
  });
  return {
    version: '2.4',
    networks: Object.fromEntries(
      set.networks.map(({ name, internal, subnet, labels }) => [
        name,
        { name, driver: 'bridge', internal, labels, ipam: { driver: 'default', config: [{ subnet }] } },
      ]),
    ),
    volumes: Object.fromEntries(set.volumes.map(({ name, labels }) => [name, { name, labels }])),
    services: Object.fromEntries(set.containers.map((one) => [one.name, serviceOf(one)])),
  };
}

const plain = (text: string): string => text.replaceAll('$', '$$$$');

function networksOf({ hostNetwork, sharesNetworkOf, endpoints }: SetContainer): object {
  if (hostNetwork) return { network_mode: 'host' };
  if (sharesNetworkOf !== null) return { network_mode: `service:${sharesNetworkOf}` };
  // The one of the highest priority is connected first.
  const networks = endpoints.map(({ network, ip }, i) => [network, { ipv4_address: ip, priority: 100 - i }]);
  return { networks: Object.fromEntries(networks) };
}

/** `docker-compose up -d`, and then the same wait for ready lines. */
export async function startWithCompose(docker: Docker, set: ContainerSet): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'zonestorm-bench-'));
  try {
    await writeFile(join(folder, 'docker-compose.json'), JSON.stringify(composeFile(set)));
    await compose(set, folder, ['up', '-d']);
    await Promise.all(set.containers.filter((one) => one.printsReady).map(({ name }) => printedReady(docker, name)));
  } finally {
    await rm(folder, { recursive: true });
  }
}

export async function stopWithCompose(set: ContainerSet): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'zonestorm-bench-'));
  try {
    await writeFile(join(folder, 'docker-compose.json'), JSON.stringify(composeFile(set)));
    await compose(set, folder, ['down', '-v', '-t', '0']);
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function compose(set: ContainerSet, folder: string, args: readonly string[]): Promise<void> {
  const file = join(folder, 'docker-compose.json');
  await run('docker-compose', ['-p', set.runId, '-f', file, ...args], { maxBuffer: 64 * 1024 * 1024 });
}
