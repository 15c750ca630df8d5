import { readFile } from 'node:fs/promises';
import type Docker from 'dockerode';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { HOLD, Hold } from '../../harness/lab/containers/hold.ts';
import { ensureEngine } from '../../harness/lab/engine/ensure-engine.ts';
import { resolveImage } from '../../harness/lab/images/resolve-images.ts';

let docker: Docker;
let runtime: string;
beforeAll(async () => {
  docker = await ensureEngine({ yes: true, progress: console.error });
  runtime = (await resolveImage({ docker, progress: console.error }, 'runtime')).tag;
});

const LABEL = 'zonestorm.hold-test';
afterEach(async () => {
  for (const { Id } of await docker.listContainers({ all: true, filters: { label: [LABEL] } })) {
    await docker.getContainer(Id).remove({ force: true });
  }
});

async function startHeld(): Promise<{ container: Docker.Container; hold: Hold }> {
  const container = await docker.createContainer({
    Image: runtime,
    Cmd: [...HOLD, 'sh', '-c', 'trap "exit 7" TERM; echo begun; while :; do sleep 0.1; done'],
    Labels: { [LABEL]: 'held' },
    AttachStdin: true,
    OpenStdin: true,
    StdinOnce: true,
    HostConfig: { NetworkMode: 'none', CapDrop: ['ALL'] },
  });
  const hold = await Hold.on(container);
  await container.start();
  return { container, hold };
}

const printed = async (container: Docker.Container): Promise<string> =>
  (await container.logs({ stdout: true, stderr: true })).toString();
/** The command of a container's first process, as the engine sees it. */
async function command(container: Docker.Container): Promise<string | undefined> {
  const { Processes } = (await container.top({ ps_args: '-o pid,args' })) as { Processes: string[][] };
  return Processes[0]?.[1];
}

/** The shell that holds takes SIGTERM from now on: signal 15 of those that its process catches. */
async function takesSigterm(container: Docker.Container): Promise<boolean> {
  const { State } = await container.inspect();
  const [, caught = '0'] = /^SigCgt:\s*(\w+)$/m.exec(await readFile(`/proc/${State.Pid}/status`, 'utf8')) ?? [];
  return (BigInt(`0x${caught}`) & (1n << 14n)) !== 0n;
}

test('a held program begins when it is released, and takes its signals itself', async () => {
  const { container, hold } = await startHeld();
  expect(await printed(container)).toBe('');
  hold.release();
  await expect.poll(() => printed(container)).toContain('begun');
  // What it is told, or that nothing more will be, does not end it.
  hold.end();
  await container.stop({ t: 5 });
  expect(await container.wait()).toMatchObject({ StatusCode: 7 });
});

test('one that never began ends on SIGTERM, at once', async () => {
  const { container } = await startHeld();
  await expect.poll(() => takesSigterm(container)).toBe(true);
  const before = performance.now();
  await container.stop({ t: 20 });
  expect(performance.now() - before).toBeLessThan(10_000);
  expect(await container.wait()).toMatchObject({ StatusCode: 0 });
  expect(await printed(container)).toBe('');
});

test('one whose stdin ends stays, as all of them would leave their networks together', async () => {
  const { container, hold } = await startHeld();
  hold.end();
  await expect.poll(() => command(container), { timeout: 10_000 }).toBe('sleep infinity');
  expect(await printed(container)).toBe('');
});
