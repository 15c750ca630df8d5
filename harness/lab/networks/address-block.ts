import type Docker from 'dockerode';

/**
 * Runs take their addresses from 198.18.0.0/15, reserved for benchmarking (RFC 2544), so that no laptop's LAN or
 * VPN is in the way. Each run holds one /22 of it; the engine's own refusal of overlapping subnets is the lock.
 */
const FIRST = 198 * 2 ** 24 + 18 * 2 ** 16;
const BLOCK_SIZE = 2 ** 10;
const BLOCKS = 2 ** 17 / BLOCK_SIZE;

/** Blocks such as `198.18.4.0/22` that no network of the engine overlaps, lowest first. */
export async function freeBlocks(docker: Docker): Promise<string[]> {
  const taken = new Set<number>();
  for (const network of await docker.listNetworks()) {
    for (const { Subnet } of network.IPAM?.Config ?? []) {
      if (Subnet === undefined || Subnet.includes(':')) continue;
      for (const block of blocksOf(Subnet)) taken.add(block);
    }
  }
  return Array.from({ length: BLOCKS }, (_, block) => block)
    .filter((block) => !taken.has(block))
    .map((block) => `${dotted(FIRST + block * BLOCK_SIZE)}/22`);
}

/** Numbers of the blocks that a subnet in CIDR notation overlaps. */
export function blocksOf(subnet: string): number[] {
  const [address = '', bits = '32'] = subnet.split('/');
  const from = address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
  const to = from + 2 ** (32 - Number(bits)) - 1;
  const first = Math.max(0, Math.floor((from - FIRST) / BLOCK_SIZE));
  const last = Math.min(BLOCKS - 1, Math.floor((to - FIRST) / BLOCK_SIZE));
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => first + index);
}

function dotted(address: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join('.');
}
