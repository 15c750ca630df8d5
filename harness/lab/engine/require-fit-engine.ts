import { arch, platform, release } from 'node:os';
import type Docker from 'dockerode';
import { withDeadline } from '../../time/deadline.ts';
import { EnvironmentError } from '../environment-error.ts';
import { LIMITS } from '../limits.ts';
import { type EngineStanding, standingOf } from './known-engines.ts';

/** The part of the engine's `info` that tells where its containers run. */
export interface EngineInfo {
  readonly KernelVersion?: string;
  readonly OperatingSystem?: string;
  readonly SecurityOptions?: readonly string[];
}

/** The part of the engine's `version` that tells what it is. */
export interface EngineVersion {
  readonly Version?: string;
  readonly Components?: readonly { readonly Name: string; readonly Version: string }[];
}

export interface Host {
  readonly platform: string;
  readonly arch: string;
  readonly kernel: string;
}

export interface Unfit {
  readonly reason: string;
  readonly remedy: string;
}

/** How Docker's engine calls itself among its components. */
const DOCKER = 'Engine';
const ANOTHER = 'Run on Linux, x64, with a Docker engine of this machine that runs as root.';

/** Whether the engine has this among its security options. */
export const hasSecurity = ({ SecurityOptions }: EngineInfo, name: string): boolean =>
  SecurityOptions?.some((option) => option.split(',').includes(`name=${name}`)) === true;

/**
 * Why measurements with this engine would be wrong, or what a killed run leaves would stay; `null`: neither.
 * Containers must run on this machine's own kernel: their clock must be the harness's, /proc/stat must be of the CPUs
 * that they use, and capacities are shaped in that kernel with privileges that a rootless engine does not have. Engines
 * that speak Docker's API and are not Docker name bridges and remove things in ways of their own.
 */
export function whyUnfit(info: EngineInfo, version: EngineVersion, host: Host): Unfit | null {
  const components = version.Components ?? [];
  const wrong = (reason: string, remedy = ANOTHER): Unfit => ({
    reason: `${reason}; its numbers would be wrong`,
    remedy,
  });
  if (host.platform !== 'linux' || host.arch !== 'x64') return wrong(`this is ${host.platform} on ${host.arch}`);
  if (/docker desktop/i.test(info.OperatingSystem ?? ''))
    return wrong('the engine is Docker Desktop, a virtual machine');
  if (components.length > 0 && !components.some(({ Name }) => Name === DOCKER)) {
    const [first] = components;
    return {
      reason:
        `the engine is ${first?.Name} ${first?.Version}, which is not Docker; containers could reach each other round ` +
        'the routers, and what a run started would stay',
      remedy: `Install Docker, and point DOCKER_HOST to its socket or unset it. ${ANOTHER}`,
    };
  }
  if (hasSecurity(info, 'rootless')) return wrong('the engine is rootless');
  if (hasSecurity(info, 'userns')) {
    return {
      reason:
        'the engine remaps user namespaces (userns-remap), so no container may share the host’s network namespace, ' +
        'which isolation needs, and no reaper may open the engine’s socket',
      remedy:
        'Start dockerd without --userns-remap ("userns-remap" in /etc/docker/daemon.json), or point DOCKER_HOST to an engine without.',
    };
  }
  if (info.KernelVersion !== host.kernel) {
    return wrong(`the engine's kernel is ${info.KernelVersion}, this machine's is ${host.kernel}`);
  }
  return null;
}

/**
 * What is known of this engine's version.
 *
 * @throws EnvironmentError when measurements with it would be wrong, or it does not say what it is in time
 */
export async function requireFitEngine(docker: Docker): Promise<EngineStanding> {
  const { info, version } = await askEngine(docker);
  const unfit = whyUnfit(info, version, thisHost());
  if (unfit !== null) throw new EnvironmentError(unfit.reason, unfit.remedy);
  return standingOf(version.Version ?? 'a version that it does not tell');
}

export const thisHost = (): Host => ({ platform: platform(), arch: arch(), kernel: release() });

async function askEngine(docker: Docker): Promise<{ info: EngineInfo; version: EngineVersion }> {
  const asked = Promise.all([docker.info() as Promise<EngineInfo>, docker.version() as Promise<EngineVersion>]);
  const [info, version] = await withDeadline(asked, LIMITS.engineCallMs, 'what the engine says of itself');
  return { info, version };
}
