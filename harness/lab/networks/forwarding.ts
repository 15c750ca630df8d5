import type Docker from 'dockerode';
import { KEPT_LOG } from '../containers/kept-log.ts';
import { EnvironmentError } from '../environment-error.ts';
import { LIMITS } from '../limits.ts';
import { cannotRun, type TrialOptions, trialLabels, tryInContainer } from '../try-in-container.ts';
import { freeBlocks } from './address-block.ts';
import { isOverlap } from './create-networks.ts';

/** Nobody listens there; that it is refused shows that packets go there and back. */
const CLOSED_PORT = 9;
/** A machine that starts labs side by side takes seconds for what mostly takes milliseconds. */
const PATIENCE_S = 10;

/**
 * Tries whether packets pass from one container to another on an internal bridge, as all links of a run begin so. A
 * firewall may drop them: bridged packets go through iptables' chain FORWARD where `bridge-nf-call-iptables` is 1, and
 * its policy is DROP where something other than this engine made it so.
 *
 * @throws EnvironmentError when they do not pass; it names the policy
 */
export async function requireForwarding(options: TrialOptions): Promise<void> {
  const { docker } = options;
  const { network, peerIp } = await createTrialNetwork(options);
  let peer: Docker.Container | null = null;
  try {
    const made = docker.createContainer({
      Image: options.image,
      Cmd: ['sleep', 'infinity'],
      StopSignal: 'SIGKILL',
      Labels: trialLabels(options),
      HostConfig: { NetworkMode: network.id, CapDrop: ['ALL'], LogConfig: KEPT_LOG },
      NetworkingConfig: { EndpointsConfig: { [network.id]: { IPAMConfig: { IPv4Address: peerIp } } } },
    });
    peer = await made.catch(cannotRun);
    await peer.start().catch(cannotRun);
    const dial = `timeout ${PATIENCE_S} bash -c ': < /dev/tcp/${peerIp}/${CLOSED_PORT}'`;
    const { printed } = await tryInContainer(options, {
      command: ['sh', '-c', dial],
      hostConfig: { NetworkMode: network.id, CapDrop: ['ALL'] },
    });
    if (/refused/i.test(printed)) return;
    throw new EnvironmentError(
      `packets do not pass between two containers of one network (${printed || 'no answer'}): a firewall of this machine ` +
        'drops what bridges forward',
      "See the policy and the rules of the chain FORWARD (`iptables -S FORWARD`, `nft list ruleset`): rules that another engine or a firewall left, or an engine without rules of its own (--iptables=false) beside a firewall. Let pass what the engine's bridges forward, or set the sysctl net.bridge.bridge-nf-call-iptables to 0.",
    );
  } finally {
    await peer?.remove({ force: true }).catch(() => undefined);
    await network.remove().catch(() => undefined);
  }
}

/** The last free block, as runs take the first ones. */
async function createTrialNetwork(options: TrialOptions): Promise<{ network: Docker.Network; peerIp: string }> {
  const free = (await freeBlocks(options.docker)).toReversed();
  for (const [attempt, block] of free.slice(0, LIMITS.blockAttempts).entries()) {
    const base = block.slice(0, block.lastIndexOf('.'));
    try {
      const network = await options.docker.createNetwork({
        Name: `zonestorm-${options.runId}-trial-${attempt}`,
        Driver: 'bridge',
        Internal: true,
        IPAM: { Driver: 'default', Config: [{ Subnet: `${base}.0/28` }] },
        Labels: trialLabels(options),
      });
      return { network, peerIp: `${base}.13` };
    } catch (error) {
      // Another run has just taken it.
      if (!isOverlap(error as Error)) throw error;
    }
  }
  throw new EnvironmentError(
    'no free address block in 198.18.0.0/15',
    '`zonestorm clean` removes what earlier runs left.',
  );
}
