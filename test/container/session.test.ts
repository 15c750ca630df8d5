import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type Docker from 'dockerode';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { engineSocket } from '../../harness/lab/engine/connect.ts';
import { ensureEngine } from '../../harness/lab/engine/ensure-engine.ts';
import { resolveImage } from '../../harness/lab/images/resolve-images.ts';
import { PROJECT } from '../../harness/lab/project.ts';
import { reaperName } from '../../harness/lab/session.ts';

/** Testcontainers has one session for each process, so each session here is of a process of its own. */
let docker: Docker;
let reaper: string;
beforeAll(async () => {
  docker = await ensureEngine({ yes: true, progress: console.error });
  reaper = (await resolveImage({ docker, progress: console.error }, 'reaper')).tag;
});

const LABEL = 'zonestorm.session-test';
const children: ChildProcess[] = [];
const reapers: string[] = [];
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  for (const name of reapers.splice(0)) await docker.getContainer(name).remove({ force: true }).catch(unlessGone);
  for (const { Id } of await docker.listContainers({ all: true, filters: { label: [LABEL] } })) {
    await docker.getContainer(Id).remove({ force: true, v: true });
  }
});

/** It ends with its process, and removes itself. */
function unlessGone(error: { statusCode?: number }): void {
  if (error.statusCode !== 404 && error.statusCode !== 409) throw error;
}

interface Session {
  readonly child: ChildProcess;
  readonly labels: Readonly<Record<string, string>>;
  readonly failed: { readonly name: string; readonly message: string; readonly remedy: string };
}

async function session(
  environment: Readonly<Record<string, string>>,
  security: readonly string[] = [],
): Promise<Session> {
  const file = `${PROJECT}/test/container/session-process.ts`;
  const child = spawn(process.execPath, [file, reaper, ...security], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...environment },
  });
  children.push(child);
  for await (const line of createInterface(child.stdout)) {
    const said = JSON.parse(line) as Session;
    if (said.labels !== undefined) reapers.push(reaperName(said.labels));
    return { ...said, child };
  }
  throw new Error('the session’s process ended and said nothing');
}

const removed = (name: string): Promise<boolean> =>
  docker
    .getContainer(name)
    .inspect()
    .then(() => false)
    .catch((error: { statusCode?: number }) => error.statusCode === 404);

/** Something of the session, which its reaper is to remove. */
async function belonging(labels: Readonly<Record<string, string>>): Promise<Docker.Container> {
  const container = await docker.createContainer({
    Image: reaper,
    Cmd: ['sleep', '300'],
    // Not a reaper, whatever its image says.
    Labels: { ...labels, [LABEL]: 'true', 'org.testcontainers.ryuk': 'false' },
    HostConfig: { NetworkMode: 'none' },
  });
  await container.start();
  return container;
}

test.for([
  ['without a reaper', { TESTCONTAINERS_RYUK_DISABLED: 'true' }],
  ['with a prefix for images', { TESTCONTAINERS_HUB_IMAGE_NAME_PREFIX: 'registry.invalid/mirror' }],
  ['with a reaper that is slow', { TESTCONTAINERS_RYUK_RECONNECTION_TIMEOUT: '600s' }],
  ['with one port for all reapers', { TESTCONTAINERS_RYUK_PORT: '40404' }],
] as const)(
  'settings of a machine for other projects, %s: two sessions are side by side, and what a killed one leaves is removed',
  async ([, environment]) => {
    const [first, second] = await Promise.all([session(environment), session(environment)]);
    expect([first.failed, second.failed]).toEqual([undefined, undefined]);
    const left = await belonging(first.labels);
    const kept = await belonging(second.labels);
    first.child.kill('SIGKILL');
    await expect.poll(() => removed(left.id), { timeout: 30_000 }).toBe(true);
    expect(await removed(kept.id)).toBe(false);
  },
);

test('a session has a reaper of its own, where another program’s runs', async () => {
  const id = 'someone-elses';
  const foreign = await docker.createContainer({
    Image: reaper,
    Env: ['RYUK_CONNECTION_TIMEOUT=250s'],
    Labels: { [LABEL]: 'true', 'org.testcontainers.session-id': id },
    ExposedPorts: { '8080/tcp': {} },
    HostConfig: {
      Binds: [`${engineSocket()}:/var/run/docker.sock`],
      PortBindings: { '8080/tcp': [{ HostIp: '127.0.0.1', HostPort: '0' }] },
    },
  });
  await foreign.start();
  const { labels } = await session({});
  expect(labels['org.testcontainers.session-id']).not.toBe(id);
  expect((await docker.getContainer(reaperName(labels)).inspect()).State.Running).toBe(true);
});

test('a reaper that cannot ask the engine ends the start, with its own words and what to do', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'zonestorm-session-'));
  try {
    // Nothing is there, so the engine makes a folder of that name.
    const { failed, child } = await session({ TESTCONTAINERS_DOCKER_SOCKET_OVERRIDE: join(folder, 'docker.sock') });
    expect(failed).toMatchObject({
      name: 'EnvironmentError',
      message: expect.stringMatching(/reaper.* did not start: the engine cannot be asked: .*ECONNREFUSED/),
      remedy: expect.stringMatching(/TESTCONTAINERS_DOCKER_SOCKET_OVERRIDE.*SELinux/),
    });
    const trials = { label: [`zonestorm.run=reaper-${child.pid}`] };
    expect(await docker.listContainers({ all: true, filters: trials })).toEqual([]);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('where SELinux confines containers, the reaper is not confined, as it may not open the engine’s socket otherwise', async () => {
  const options = async ({ labels }: Session): Promise<readonly string[]> =>
    (await docker.getContainer(reaperName(labels)).inspect()).HostConfig.SecurityOpt ?? [];
  expect(await options(await session({}, ['name=selinux']))).toEqual(['label=disable']);
  expect(await options(await session({}))).toEqual([]);
});
