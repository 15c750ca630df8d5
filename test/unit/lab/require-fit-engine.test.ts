import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import {
  type EngineInfo,
  type EngineVersion,
  type Host,
  whyUnfit,
} from '../../../harness/lab/engine/require-fit-engine.ts';

/** What engines really answered to GET /version and /info (of this, the part that says what they are). */
function answers(name: string): { version: EngineVersion; info: EngineInfo } {
  return JSON.parse(readFileSync(join(import.meta.dirname, 'engines', `${name}.json`), 'utf8'));
}

const { version, info } = answers('docker-20.10.24');
const host: Host = { platform: 'linux', arch: 'x64', kernel: info.KernelVersion ?? '' };

test.each(['docker-20.10.24', 'docker-28.5.2'])('%s on this machine’s own kernel is fit', (name) => {
  const engine = answers(name);
  expect(whyUnfit(engine.info, engine.version, host)).toBeNull();
});

test.each([
  ['podman-4.3.1', /Podman Engine 4\.3\.1.*not Docker/, /Install Docker/],
  ['podman-5.4.2', /Podman Engine 5\.4\.2.*not Docker/, /Install Docker/],
  ['docker-28.5.2-userns-remap', /userns-remap/, /without --userns-remap/],
] as const)('%s is refused by its recorded answers, with what to do', (name, reason, remedy) => {
  const engine = answers(name);
  const unfit = whyUnfit(engine.info, engine.version, host);
  expect(unfit?.reason).toMatch(reason);
  expect(unfit?.remedy).toMatch(remedy);
});

test.each([
  [{ ...info, KernelVersion: '6.10.14-linuxkit' }, host, /kernel is 6\.10\.14-linuxkit/],
  [{ ...info, OperatingSystem: 'Docker Desktop' }, host, /Docker Desktop/],
  [{ ...info, SecurityOptions: ['name=seccomp', 'name=rootless'] }, host, /rootless/],
  [info, { ...host, arch: 'arm64' }, /linux on arm64/],
  [info, { ...host, platform: 'darwin' }, /darwin/],
] as const)('unfit %#', (engine, machine, reason) => {
  expect(whyUnfit(engine, version, machine)?.reason).toMatch(reason);
});
