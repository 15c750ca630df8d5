import { readFileSync, readlinkSync } from 'node:fs';
import type { Unfit } from './engine/require-fit-engine.ts';
import { EnvironmentError } from './environment-error.ts';
import { type TrialOptions, tryInContainer } from './try-in-container.ts';

const NAMESPACE = '/proc/self/ns/net';
const BOOT_ID = '/proc/sys/kernel/random/boot_id';

/** Where a process is, in the kernel's own words; `null`: not to be known. */
export interface Place {
  /** Such as `net:[4026531833]`: the number is unique in one kernel. */
  readonly network: string | null;
  /** Drawn by a kernel when it starts. */
  readonly boot: string | null;
}

/**
 * Tries whether the engine's containers run on this machine's kernel, and whether the engine publishes their ports where
 * this process can reach them: its network namespace must be ours. An engine's own words tell neither. Machines may run
 * the same release of a kernel, and a socket can be handed into a container or forwarded from elsewhere.
 *
 * @throws EnvironmentError when it is not so
 */
export async function requireSameNetwork(options: TrialOptions): Promise<void> {
  const { printed } = await tryInContainer(options, {
    command: ['sh', '-c', `readlink ${NAMESPACE}; cat ${BOOT_ID}`],
    hostConfig: { NetworkMode: 'host', CapDrop: ['ALL'] },
  });
  const unfit = whyApart(ownPlace(), placeOf(printed));
  if (unfit !== null) throw new EnvironmentError(unfit.reason, unfit.remedy);
}

/** Why a process at one place cannot use the ports that an engine at the other publishes; `null`: it can. */
export function whyApart(own: Place, engine: Place): Unfit | null {
  const differ = (one: string | null, other: string | null): boolean => one !== null && other !== null && one !== other;
  if (differ(own.boot, engine.boot)) {
    return {
      reason: 'the engine is on another machine or in a virtual machine, though its kernel has the same release',
      remedy:
        'Run zonestorm on the machine of the engine, or point DOCKER_HOST to the socket of an engine of this one.',
    };
  }
  if (differ(own.network, engine.network)) {
    return {
      reason:
        'zonestorm runs in another network namespace than the engine, so it cannot reach the ports that the engine ' +
        'publishes on 127.0.0.1',
      remedy:
        'If zonestorm runs in a container with the engine’s socket (a devcontainer, a job of CI), start its container with ' +
        '`--network host`. Otherwise run it where the engine runs.',
    };
  }
  return null;
}

/** What the trial printed: one line each. Whatever is not there is not known. */
export function placeOf(printed: string): Place {
  const lines = printed.split('\n').map((line) => line.trim());
  return {
    network: lines.find((line) => /^net:\[\d+\]$/.test(line)) ?? null,
    boot: lines.find((line) => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(line)) ?? null,
  };
}

function ownPlace(): Place {
  const { network, boot } = placeOf(`${tried(() => readlinkSync(NAMESPACE))}\n${tried(() => read(BOOT_ID))}`);
  return { network, boot: isMocked(tried(() => read('/proc/self/mountinfo'))) ? null : boot };
}

/** LXC lays a file of its own over the kernel's, which the engine's containers do not see: it says nothing of machines. */
export const isMocked = (mounts: string): boolean => mounts.includes(` ${BOOT_ID} `);

const read = (path: string): string => readFileSync(path, 'utf8');

function tried(look: () => string): string {
  try {
    return look();
  } catch {
    return '';
  }
}
