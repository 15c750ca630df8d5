import { expect, test } from 'vitest';
import { isMocked, placeOf, whyApart } from '../../../harness/lab/same-network.ts';
import { reaperFailed } from '../../../harness/lab/session.ts';

const BOOT = '0f1d5b3e-8a52-4a0e-9c1b-6a2f7d3c4e5f';
const here = placeOf(`net:[4026531833]\n${BOOT}\n`);

test('a place is read from what a trial printed, and what it did not print is not known', () => {
  expect(here).toEqual({ network: 'net:[4026531833]', boot: BOOT });
  expect(placeOf(`cat: /proc/sys/kernel/random/boot_id: Permission denied\r\nnet:[1]`)).toEqual({
    network: 'net:[1]',
    boot: null,
  });
  expect(placeOf('')).toEqual({ network: null, boot: null });
});

test('the same namespace of the same boot is fit, and nobody is refused for what is not known', () => {
  expect(whyApart(here, here)).toBeNull();
  expect(whyApart({ ...here, boot: null }, { ...here, boot: 'other' })).toBeNull();
  expect(whyApart({ network: null, boot: null }, here)).toBeNull();
});

test('another namespace is refused, with how to start a container of zonestorm’s', () => {
  const unfit = whyApart({ ...here, network: 'net:[4026532999]' }, here);
  expect(unfit?.reason).toMatch(/another network namespace than the engine/);
  expect(unfit?.remedy).toMatch(/--network host/);
});

test('another boot is another machine, though first namespaces have the same number on both', () => {
  const unfit = whyApart({ ...here, boot: BOOT.replace('0f', 'ff') }, here);
  expect(unfit?.reason).toMatch(/on another machine or in a virtual machine/);
});

test('a boot id that something was mounted over, as LXC does, is known as such', () => {
  const line = (point: string): string => `30 21 0:5 /.lxc-boot-id ${point} ro,nosuid - tmpfs none rw`;
  expect(isMocked(line('/proc/sys/kernel/random/boot_id'))).toBe(true);
  expect(isMocked(line('/proc'))).toBe(false);
});

test('a reaper that runs and cannot be reached is told as ports that are not published', () => {
  expect(reaperFailed(new Error('Failed to connect to Reaper')).remedy).toMatch(/--iptables=false.*userland-proxy/);
  expect(reaperFailed(new Error('no such image')).remedy).toMatch(/log of the engine/);
});
