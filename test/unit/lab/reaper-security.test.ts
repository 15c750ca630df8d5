import { expect, test } from 'vitest';
import { reaperSecurity } from '../../../harness/lab/reaper-security.ts';

test('SELinux denies confined containers the engine’s socket, so the reaper is none; nothing else changes it', () => {
  const of = (...options: string[]): string[] => reaperSecurity({ SecurityOptions: options });
  expect(of('name=seccomp,profile=default', 'name=selinux')).toEqual(['label=disable']);
  expect(of('name=apparmor', 'name=seccomp,profile=selinux')).toEqual([]);
  expect(reaperSecurity({})).toEqual([]);
});
