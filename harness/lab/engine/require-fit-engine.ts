import { arch, platform, release } from 'node:os';
import type Docker from 'dockerode';
import { EnvironmentError } from '../environment-error.ts';

/** The part of the engine's `info` that tells where its containers run. */
export interface EngineInfo {
  readonly KernelVersion?: string;
  readonly OperatingSystem?: string;
  readonly SecurityOptions?: readonly string[];
}

export interface Host {
  readonly platform: string;
  readonly arch: string;
  readonly kernel: string;
}

/**
 * Why measurements with this engine would be wrong, or `null`. Containers must run on this machine's own kernel:
 * their clock must be the harness's, /proc/stat must be of the CPUs that they use, and capacities are shaped in
 * that kernel with privileges that a rootless engine does not have.
 */
export function whyUnfit(info: EngineInfo, host: Host): string | null {
  if (host.platform !== 'linux' || host.arch !== 'x64') return `this is ${host.platform} on ${host.arch}`;
  if (/docker desktop/i.test(info.OperatingSystem ?? '')) return 'the engine is Docker Desktop, a virtual machine';
  if (info.SecurityOptions?.some((option) => option.includes('name=rootless'))) return 'the engine is rootless';
  if (info.KernelVersion !== host.kernel) {
    return `the engine's kernel is ${info.KernelVersion}, this machine's is ${host.kernel}`;
  }
  return null;
}

/** @throws EnvironmentError when measurements with this engine would be wrong. */
export async function requireFitEngine(docker: Docker): Promise<void> {
  const reason = whyUnfit((await docker.info()) as EngineInfo, {
    platform: platform(),
    arch: arch(),
    kernel: release(),
  });
  if (reason === null) return;
  throw new EnvironmentError(
    `${reason}; its numbers would be wrong`,
    'Run on Linux, x64, with a Docker engine of this machine that runs as root.',
  );
}
