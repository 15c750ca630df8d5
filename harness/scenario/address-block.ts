/** Each run has 1,024 addresses: small subnets, so that several runs and a laptop's own networks do not collide. */
const BLOCK = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.0\/22$/;
const BLOCK_ADDRESSES = 1024;

/** Reserved for benchmarking (https://www.rfc-editor.org/rfc/rfc2544), so no LAN or VPN uses it. For dry runs. */
export const DRY_RUN_BLOCK = '198.18.0.0/22';

function toNumber(ip: string): number {
  return ip.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
}

function toText(address: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join('.');
}

/** First address of a block such as `198.18.4.0/22`. @throws RangeError when it is not an aligned /22. */
function blockStart(block: string): number {
  const match = BLOCK.exec(block);
  if (match === null || match.slice(1).some((part) => Number(part) > 255) || Number(match[3]) % 4 !== 0) {
    throw new RangeError(`not an aligned /22 block: ${block}`);
  }
  return toNumber(block.slice(0, -3));
}

/** One subnet of a block. Address 0 is the network's own, 1 the engine's gateway, the last one broadcast. */
export interface Subnet {
  readonly cidr: string;
  /** The next free address; `null` when the subnet is full. */
  take(): string | null;
}

/** Cuts subnets off a block, one after the other, each aligned to its own size. */
export interface AddressBlock {
  /** `null` when the block has no room left for one of this size. */
  subnet(prefix: 26 | 28): Subnet | null;
}

export function openBlock(block: string): AddressBlock {
  const start = blockStart(block);
  let used = 0;
  return {
    subnet(prefix) {
      const size = 2 ** (32 - prefix);
      const offset = Math.ceil(used / size) * size;
      if (offset + size > BLOCK_ADDRESSES) return null;
      used = offset + size;
      let next = 2;
      return {
        cidr: `${toText(start + offset)}/${prefix}`,
        take() {
          if (next >= size - 1) return null;
          next += 1;
          return toText(start + offset + next - 1);
        },
      };
    },
  };
}

/** `ip` moved from the block it is in to the same place in another. */
export function moveAddress(ip: string, block: string): string {
  return toText(blockStart(block) + (toNumber(ip) % BLOCK_ADDRESSES));
}
