import { expect, test } from 'vitest';
import { whyUnfit } from '../../../harness/lab/engine/require-fit-engine.ts';

const host = { platform: 'linux', arch: 'x64', kernel: '6.1.0-18-amd64' };
const info = {
  KernelVersion: '6.1.0-18-amd64',
  OperatingSystem: 'Debian GNU/Linux 12',
  SecurityOptions: ['name=seccomp'],
};

test('an engine on this machine’s own kernel is fit', () => {
  expect(whyUnfit(info, host)).toBeNull();
});

test.each([
  [{ ...info, KernelVersion: '6.10.14-linuxkit' }, host, /kernel is 6\.10\.14-linuxkit/],
  [{ ...info, OperatingSystem: 'Docker Desktop' }, host, /Docker Desktop/],
  [{ ...info, SecurityOptions: ['name=seccomp', 'name=rootless'] }, host, /rootless/],
  [info, { ...host, arch: 'arm64' }, /linux on arm64/],
  [info, { ...host, platform: 'darwin' }, /darwin/],
] as const)('unfit %#', (engine, machine, reason) => {
  expect(whyUnfit(engine, machine)).toMatch(reason);
});
