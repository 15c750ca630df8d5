import type Docker from 'dockerode';
import { expect, test } from 'vitest';
import { blocksOf, freeBlocks } from '../../../harness/lab/networks/address-block.ts';

test.each([
  ['198.18.0.0/26', [0]],
  ['198.18.3.255/32', [0]],
  ['198.18.4.0/22', [1]],
  ['198.18.2.0/21', [0, 1, 2]],
  ['198.19.252.0/22', [127]],
  ['172.17.0.0/16', []],
  ['0.0.0.0/0', Array.from({ length: 128 }, (_, block) => block)],
])('%s overlaps blocks %j', (subnet, blocks) => {
  expect(blocksOf(subnet)).toEqual(blocks);
});

test('free blocks are those that no network of the engine overlaps', async () => {
  const networks = [
    { IPAM: { Config: [{ Subnet: '198.18.0.64/26' }] } },
    { IPAM: { Config: [{ Subnet: 'fd00::/64' }] } },
    {},
  ];
  const docker = { listNetworks: async () => networks } as unknown as Docker;
  const free = await freeBlocks(docker);
  expect(free[0]).toBe('198.18.4.0/22');
  expect(free).toHaveLength(127);
  expect(free.at(-1)).toBe('198.19.252.0/22');
});
