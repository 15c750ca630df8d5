import type { Shaping } from '../fabric/router.ts';
import { type TrialOptions, tryInContainer } from './try-in-container.ts';

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
 * @throws EnvironmentError when no container can be started at all, which says nothing of tc
 */
export async function chooseShaping(options: TrialOptions): Promise<ShapingChoice> {
  const { exitCode, printed } = await tryInContainer(options, {
    command: ['sh', '-c', TRIAL],
    hostConfig: { NetworkMode: 'none', CapDrop: ['ALL'], CapAdd: ['NET_ADMIN'] },
  });
  return exitCode === 0
    ? { shaping: 'kernel', reason: null }
    : { shaping: 'toxiproxy', reason: printed || `tc ended with ${exitCode}` };
}
