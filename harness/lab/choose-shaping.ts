import type Docker from 'dockerode';
import type { Shaping } from '../fabric/router.ts';
import { withDeadline } from '../time/deadline.ts';
import { LABELS, labelsOf } from './labels.ts';
import { LIMITS } from './limits.ts';

/** Everything that a router's queue is made of, tried on a device that goes with its container. */
const TRIAL = [
  'ip link add ifb0 type ifb',
  'ip link set ifb0 up',
  'tc qdisc add dev ifb0 root tbf rate 1mbit burst 16kb limit 64kb',
  'tc qdisc add dev lo clsact',
  'tc filter add dev lo egress protocol all u32 match u32 0 0 action mirred egress redirect dev ifb0',
].join(' && ');

export interface ShapingChoice {
  readonly shaping: Shaping;
  /** Why not the kernel's; `null` when it is. */
  readonly reason: string | null;
}

/**
 * Tries whether containers of this engine may shape traffic: NET_ADMIN, and the kernel's tbf, ifb, u32 and mirred. By
 * doing it, as a kernel's configuration does not say what a module loader or a security policy makes of it.
 *
 * @param image any image with `ip` and `tc`
 * @param runId whose labels the trial's container carries
 * @param sessionLabels by which the reaper removes it when this process is killed meanwhile
 */
export async function chooseShaping(
  docker: Docker,
  image: string,
  runId: string,
  sessionLabels: Readonly<Record<string, string>> = {},
): Promise<ShapingChoice> {
  const container = await docker
    .createContainer({
      Image: image,
      Cmd: ['sh', '-c', TRIAL],
      Labels: { ...labelsOf(runId, { [LABELS.role]: 'helper' }), ...sessionLabels },
      HostConfig: { NetworkMode: 'none', CapDrop: ['ALL'], CapAdd: ['NET_ADMIN'] },
    })
    .catch((error: Error) => error);
  if (container instanceof Error) return { shaping: 'toxiproxy', reason: container.message };
  try {
    await container.start();
    const { StatusCode } = (await withDeadline(container.wait(), LIMITS.readyMs, 'the trial of tc')) as {
      StatusCode: number;
    };
    if (StatusCode === 0) return { shaping: 'kernel', reason: null };
    const log = await container.logs({ stdout: true, stderr: true });
    return { shaping: 'toxiproxy', reason: log.subarray(8).toString().trim() || `tc ended with ${StatusCode}` };
  } catch (error) {
    return { shaping: 'toxiproxy', reason: (error as Error).message };
  } finally {
    await container.remove({ force: true }).catch(() => undefined);
  }
}
