import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type Docker from 'dockerode';
import { KEPT_LOG } from '../containers/kept-log.ts';
import { EnvironmentError } from '../environment-error.ts';
import { type TrialOptions, trialLabels } from '../try-in-container.ts';

/** Of the container; on this machine the engine chooses one. */
export const TRIAL_PORT = 4099;
const WORD = 'here';
/** Its program begins to listen within a tenth of a second; on a machine that starts labs side by side, in seconds. */
const PATIENCE_MS = 5_000;
const ROUND_MS = 50;

/** What an engine needs so that a port that it publishes on 127.0.0.1 is answered there. */
export const PUBLISHING_REMEDY =
  'Routers and the reaper publish ports on 127.0.0.1. Start dockerd without --iptables=false, or with its userland-proxy ' +
  '("iptables", "userland-proxy" in /etc/docker/daemon.json), and look for a firewall that drops what goes to its bridges.';

/**
 * Tries whether a port that the engine publishes on 127.0.0.1 is answered there: an engine that neither sets rules nor
 * starts proxies says that it is published all the same.
 *
 * @throws EnvironmentError when it is not
 */
export async function requirePublishing(options: TrialOptions): Promise<void> {
  const port = `${TRIAL_PORT}/tcp`;
  const server = `require('node:net').createServer((one) => one.end('${WORD}')).listen(${TRIAL_PORT})`;
  let container: Docker.Container | null = null;
  try {
    container = await options.docker.createContainer({
      Image: options.image,
      Cmd: ['node', '-e', server],
      StopSignal: 'SIGKILL',
      Labels: trialLabels(options),
      ExposedPorts: { [port]: {} },
      HostConfig: {
        CapDrop: ['ALL'],
        PortBindings: { [port]: [{ HostIp: '127.0.0.1', HostPort: '' }] },
        LogConfig: KEPT_LOG,
      },
    });
    await container.start();
    const { NetworkSettings } = await container.inspect();
    const published = Number(NetworkSettings.Ports[port]?.[0]?.HostPort);
    if (!(await answers(published))) {
      throw new EnvironmentError(
        'nobody answers at a port of a container that the engine publishes on 127.0.0.1',
        PUBLISHING_REMEDY,
      );
    }
  } catch (error) {
    if (error instanceof EnvironmentError) throw error;
    throw new EnvironmentError(
      `the engine cannot publish a port on 127.0.0.1: ${(error as Error).message}`,
      PUBLISHING_REMEDY,
      { cause: error },
    );
  } finally {
    await container?.remove({ force: true }).catch(() => undefined);
  }
}

/** A proxy of the engine's takes connections before the container's program listens, and ends them. */
async function answers(port: number): Promise<boolean> {
  for (const until = performance.now() + PATIENCE_MS; performance.now() < until; await delay(ROUND_MS)) {
    if ((await saidAt(port)) === WORD) return true;
  }
  return false;
}

async function saidAt(port: number): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port, timeout: PATIENCE_MS / 2 });
  let said = '';
  socket.on('data', (data: Buffer) => {
    said += data.toString();
  });
  socket.on('error', () => undefined);
  socket.on('timeout', () => socket.destroy());
  await once(socket, 'close').catch(() => undefined);
  return said;
}
