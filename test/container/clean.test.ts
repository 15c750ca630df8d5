import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type Docker from 'dockerode';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { clean } from '../../harness/lab/clean.ts';
import { engineSocket } from '../../harness/lab/engine/connect.ts';
import { ensureEngine } from '../../harness/lab/engine/ensure-engine.ts';
import { resolveImage } from '../../harness/lab/images/resolve-images.ts';
import { labelsOf } from '../../harness/lab/labels.ts';
import { freeBlocks } from '../../harness/lab/networks/address-block.ts';
import { putBackAbandoned } from '../../harness/lab/put-back-abandoned.ts';

/** What can stay on an engine although a run has removed everything of its own. */
let docker: Docker;
let runtime: string;
let reaper: string;
beforeAll(async () => {
  docker = await ensureEngine({ yes: true, progress: console.error });
  runtime = (await resolveImage({ docker, progress: console.error }, 'runtime')).tag;
  reaper = (await resolveImage({ docker, progress: console.error }, 'reaper')).tag;
});

/** Of containers that are nobody's of ours. */
const FOREIGN = 'someone.elses';
const RUN = 'cafe0001';
afterEach(async () => {
  for (const { Id } of await docker.listContainers({ all: true, filters: { label: [FOREIGN] } })) {
    await docker.getContainer(Id).remove({ force: true });
  }
  await clean(docker, RUN);
});

/** A network of a run with a container on it that is not the run's, so that the engine does not let go of it. */
async function heldNetwork(): Promise<string> {
  const block = (await freeBlocks(docker)).at(-1) ?? '';
  const name = `zonestorm-${RUN}-held`;
  const network = await docker.createNetwork({
    Name: name,
    Labels: labelsOf(RUN),
    IPAM: { Driver: 'default', Config: [{ Subnet: block }] },
  });
  const container = await docker.createContainer({
    Image: runtime,
    Cmd: ['sleep', '300'],
    Labels: { [FOREIGN]: 'true' },
    HostConfig: { NetworkMode: network.id },
  });
  await container.start();
  return name;
}

/** What a run leaves that was killed, in a folder of its own. */
async function journalOf(runId: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'zonestorm-clean-'));
  const header = { runId, pid: 2 ** 22 + 1, pidStart: '1', at: '2026-01-01T00:00:00.000Z' };
  await writeFile(join(folder, `${runId}.jsonl`), `${JSON.stringify(header)}\n`);
  return folder;
}

test('a network that the engine does not let go of is told and left, and the next start goes on', async () => {
  const name = await heldNetwork();
  const folder = await journalOf(RUN);
  const told: string[] = [];
  try {
    const abandoned = await putBackAbandoned(docker, (line) => told.push(line), folder);
    expect(abandoned.map(({ runId }) => runId)).toEqual([RUN]);
    expect(told).toHaveLength(1);
    expect(told[0]).toContain(`the engine does not let go of ${name}`);
    expect(await readdir(folder)).toEqual([]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

const startReaper = async (labels: Readonly<Record<string, string>>): Promise<string> => {
  const container = await docker.createContainer({
    Image: reaper,
    Env: ['RYUK_CONNECTION_TIMEOUT=250s'],
    Labels: { [FOREIGN]: 'true', ...labels },
    HostConfig: { Binds: [`${engineSocket()}:/var/run/docker.sock`] },
  });
  await container.start();
  return container.id;
};

test('clean removes a reaper that stayed, and leaves those of others', async () => {
  const ours = await startReaper({ TESTCONTAINERS_RYUK_TEST_LABEL: 'true' });
  const others = await startReaper({});
  await clean(docker);
  const ids = (await docker.listContainers({ all: true, filters: { label: [FOREIGN] } })).map(({ Id }) => Id);
  expect(ids).not.toContain(ours);
  expect(ids).toContain(others);
});
