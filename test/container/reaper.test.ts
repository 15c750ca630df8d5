import { mkdtemp, rm } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type Docker from 'dockerode';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { withoutHeaders } from '../../harness/lab/containers/without-headers.ts';
import { engineSocket } from '../../harness/lab/engine/connect.ts';
import { ensureEngine } from '../../harness/lab/engine/ensure-engine.ts';
import { resolveImage } from '../../harness/lab/images/resolve-images.ts';

/** The reaper of ours, also where the real Ryuk could be pulled: it must do what Ryuk's clients rely on. */
let docker: Docker;
let reaperTag: string;
let runtimeTag: string;
beforeAll(async () => {
  docker = await ensureEngine({ yes: true, progress: console.error });
  reaperTag = (await resolveImage({ docker, progress: console.error }, 'reaper')).tag;
  runtimeTag = (await resolveImage({ docker, progress: console.error }, 'runtime')).tag;
});

const LABEL = 'zonestorm.reaper-test';
afterEach(async () => {
  const filters = { label: [LABEL] };
  for (const { Id } of await docker.listContainers({ all: true, filters })) {
    await docker.getContainer(Id).remove({ force: true, v: true });
  }
  for (const { Id } of await docker.listNetworks({ filters })) await docker.getNetwork(Id).remove();
  for (const { Name } of (await docker.listVolumes({ filters })).Volumes ?? []) await docker.getVolume(Name).remove();
});

async function startReaper(): Promise<{ id: string; port: number }> {
  const container = await docker.createContainer({
    Image: reaperTag,
    Env: ['RYUK_RECONNECTION_TIMEOUT=1s', 'RYUK_CONNECTION_TIMEOUT=20s'],
    Labels: { [LABEL]: 'reaper' },
    ExposedPorts: { '8080/tcp': {} },
    HostConfig: {
      Binds: [`${engineSocket()}:/var/run/docker.sock`],
      PortBindings: { '8080/tcp': [{ HostIp: '127.0.0.1', HostPort: '0' }] },
    },
  });
  await container.start();
  const { NetworkSettings } = await container.inspect();
  return { id: container.id, port: Number(NetworkSettings.Ports['8080/tcp']?.[0]?.HostPort) };
}

async function session(port: number, filter: string): Promise<Socket> {
  for (let tries = 0; tries < 100; tries += 1) {
    const socket = connect(port, '127.0.0.1');
    const answer = await new Promise<string>((resolve) => {
      socket.on('connect', () => socket.write(`${filter}\r\n`));
      socket.on('data', (data) => resolve(data.toString()));
      socket.on('error', () => resolve(''));
      socket.on('close', () => resolve(''));
    });
    if (answer.startsWith('ACK')) return socket;
    await delay(100);
  }
  throw new Error('the reaper does not answer');
}

async function makeThings(value: string): Promise<void> {
  const labels = { [LABEL]: value };
  const network = await docker.createNetwork({
    Name: `reaper-test-${value}`,
    Labels: labels,
    IPAM: { Driver: 'default', Config: [{ Subnet: value === 'mine' ? '198.19.254.0/28' : '198.19.254.16/28' }] },
  });
  await docker.createVolume({ Name: `reaper-test-${value}`, Labels: labels });
  const container = await docker.createContainer({
    Image: runtimeTag,
    Cmd: ['sleep', '100'],
    Labels: labels,
    HostConfig: { NetworkMode: network.id, Binds: [`reaper-test-${value}:/data`] },
  });
  await container.start();
}

async function things(value: string): Promise<number> {
  const filters = { label: [`${LABEL}=${value}`] };
  const containers = await docker.listContainers({ all: true, filters });
  const networks = await docker.listNetworks({ filters });
  const { Volumes } = await docker.listVolumes({ filters });
  return containers.length + networks.length + (Volumes ?? []).length;
}

test('when the last connection is gone, what matches is removed, and nothing else; then the reaper ends', async () => {
  await makeThings('mine');
  await makeThings('other');
  const { id, port } = await startReaper();
  const first = await session(port, `label=${LABEL}=mine`);
  const second = await session(port, `label=${LABEL}=mine`);
  first.destroy();
  await delay(2_500);
  expect(await things('mine'), 'while a connection is open').toBe(3);
  second.destroy();
  await expect.poll(() => things('mine'), { timeout: 15_000 }).toBe(0);
  expect(await things('other')).toBe(3);
  await expect
    .poll(async () => (await docker.getContainer(id).inspect()).State.Status, { timeout: 15_000 })
    .toBe('exited');
});

test('a client that comes back in time keeps everything', async () => {
  await makeThings('mine');
  const { port } = await startReaper();
  (await session(port, `label=${LABEL}=mine`)).destroy();
  const again = await session(port, `label=${LABEL}=mine`);
  await delay(2_500);
  expect(await things('mine')).toBe(3);
  again.destroy();
  await expect.poll(() => things('mine'), { timeout: 15_000 }).toBe(0);
});

test('one that cannot ask the engine does not say that it has started, and ends with the cause', async () => {
  // What an engine mounts where it finds no socket.
  const folder = await mkdtemp(join(tmpdir(), 'zonestorm-reaper-'));
  try {
    const container = await docker.createContainer({
      Image: reaperTag,
      Env: ['RYUK_CONNECTION_TIMEOUT=1s'],
      Labels: { [LABEL]: 'reaper' },
      HostConfig: { Binds: [`${folder}:/var/run/docker.sock`] },
    });
    await container.start();
    expect(await container.wait()).toMatchObject({ StatusCode: 1 });
    const printed = withoutHeaders(await container.logs({ stdout: true, stderr: true })).toString();
    expect(printed).toMatch(/^the engine cannot be asked: .*ECONNREFUSED/);
    expect(printed).not.toContain('Started');
  } finally {
    await rm(folder, { recursive: true });
  }
});
