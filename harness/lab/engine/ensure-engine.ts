import { spawn } from 'node:child_process';
import { existsSync, openSync } from 'node:fs';
import { createInterface } from 'node:readline/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type Docker from 'dockerode';
import { EnvironmentError } from '../environment-error.ts';
import { LIMITS } from '../limits.ts';
import { connectEngine } from './connect.ts';
import { execute } from './execute.ts';
import { namedEngine } from './named-engine.ts';

export interface EnsureEngineOptions {
  /** Install and start an engine without asking (`--yes`, or CI). */
  readonly yes: boolean;
  readonly progress: (line: string) => void;
}

const DOCKERD_LOG = '/var/log/zonestorm-dockerd.log';
const MANUAL =
  'Install a Docker engine (https://docs.docker.com/engine/install/), start it, and run the command again.';

/**
 * A running local engine: the one that answers; else Debian's `docker.io`, installed and started on a Debian-like
 * machine when we are root, after asking (not with `yes`). Never where `DOCKER_HOST` or a context of `docker` names one:
 * what is started here listens at the default socket, and the named one may well be running.
 *
 * @throws EnvironmentError where neither is possible; it says what to do.
 */
export async function ensureEngine(options: EnsureEngineOptions): Promise<Docker> {
  const running = await connectEngine();
  if (running !== null) return running;
  const named = namedEngine();
  if (named !== null) throw new EnvironmentError(`no Docker engine answers ${named.where}`, named.remedy);

  const installed = existsSync('/usr/sbin/dockerd') || existsSync('/usr/bin/dockerd');
  if (process.platform !== 'linux' || process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) {
    throw new EnvironmentError('no Docker engine answers on this machine', MANUAL);
  }
  const intent = installed ? 'start dockerd' : "install Debian's docker.io and iptables, and start dockerd";
  if (!options.yes && !(await askToGoOn(intent))) {
    throw new EnvironmentError(
      'no Docker engine answers on this machine',
      `Run again with --yes to ${intent}. ${MANUAL}`,
    );
  }
  if (!installed || !existsSync('/usr/sbin/iptables')) {
    options.progress('installing docker.io and iptables with apt-get');
    await installPackages(['docker.io', 'iptables']);
  }
  options.progress(`starting dockerd (log: ${DOCKERD_LOG})`);
  return startDaemon();
}

/** Debian packages by apt-get, waiting for another apt to finish rather than failing on its lock. */
export async function installPackages(packages: readonly string[]): Promise<void> {
  const environment = { DEBIAN_FRONTEND: 'noninteractive' };
  const lock = ['-q', '-o', 'DPkg::Lock::Timeout=300'];
  await execute('apt-get', [...lock, 'update'], { timeoutMs: LIMITS.buildMs, environment });
  await execute('apt-get', [...lock, 'install', '-y', '--no-install-recommends', ...packages], {
    timeoutMs: LIMITS.buildMs,
    environment,
  });
}

async function askToGoOn(intent: string): Promise<boolean> {
  if (!process.stdin.isTTY) return false;
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test(
      (await terminal.question(`zonestorm: no Docker engine answers. May I ${intent}? [y/N] `)).trim(),
    );
  } finally {
    terminal.close();
  }
}

/** dockerd outlives zonestorm: the engine is part of the machine, not of a run. */
async function startDaemon(): Promise<Docker> {
  const log = openSync(DOCKERD_LOG, 'a');
  const daemon = spawn('dockerd', [], { detached: true, stdio: ['ignore', log, log] });
  let exit: number | null = null;
  daemon.on('exit', (code) => {
    exit = code ?? -1;
  });
  daemon.on('error', () => {
    exit = -1;
  });
  daemon.unref();
  const deadline = performance.now() + LIMITS.engineStartMs;
  while (performance.now() < deadline && exit === null) {
    // Between the making of its socket and its first answer it may say anything.
    const docker = await connectEngine().catch(() => null);
    if (docker !== null) return docker;
    await delay(200);
  }
  throw new EnvironmentError(
    exit === null ? `dockerd did not answer within ${LIMITS.engineStartMs / 1000} s` : `dockerd ended with ${exit}`,
    `Read ${DOCKERD_LOG}, start an engine yourself, and run the command again.`,
  );
}
