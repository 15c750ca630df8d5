import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Docker from 'dockerode';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { clean } from '../../harness/lab/clean.ts';
import { engineSocket } from '../../harness/lab/engine/connect.ts';
import { ensureEngine } from '../../harness/lab/engine/ensure-engine.ts';
import { type EngineIdentity, identityOf } from '../../harness/lab/engine/identity.ts';
import { resolveImage } from '../../harness/lab/images/resolve-images.ts';
import { LABELS, labelsOf } from '../../harness/lab/labels.ts';
import { freeBlocks } from '../../harness/lab/networks/address-block.ts';
import { putBackAbandoned } from '../../harness/lab/put-back-abandoned.ts';
import { RefusingEngine } from './refusing-engine.ts';

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
const OTHER_RUNS = ['cafe0002', 'cafe0003'] as const;
afterEach(async () => {
  for (const { Id } of await docker.listContainers({ all: true, filters: { label: [FOREIGN] } })) {
    await docker.getContainer(Id).remove({ force: true });
  }
  await Promise.all([RUN, ...OTHER_RUNS].map((run) => clean(docker, run)));
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

/** What a run leaves that was killed, in a folder of its own. Without an engine: one from before these were told apart. */
async function journalOf(runId: string, engine?: EngineIdentity): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'zonestorm-clean-'));
  const header = { runId, pid: 2 ** 22 + 1, pidStart: '1', engine, at: '2026-01-01T00:00:00.000Z' };
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

test('a volume that somebody else’s container holds is told with that and left, and the next start goes on', async () => {
  const [name, holder] = [`zonestorm-${RUN}-a1-0`, `someone-elses-${process.pid}`];
  await docker.createVolume({ Name: name, Labels: labelsOf(RUN) });
  const container = await docker.createContainer({
    name: holder,
    Image: runtime,
    Cmd: ['sleep', '300'],
    Labels: { [FOREIGN]: 'true' },
    HostConfig: { NetworkMode: 'none', Binds: [`${name}:/data`] },
  });
  await container.start();
  const folder = await journalOf(RUN);
  const told: string[] = [];
  try {
    const abandoned = await putBackAbandoned(docker, (line) => told.push(line), folder);
    expect(abandoned.map(({ runId }) => runId)).toEqual([RUN]);
    expect(told).toEqual([
      expect.stringContaining(`the engine does not let go of ${name} (volume: held by the container ${holder})`),
    ]);
    expect(await readdir(folder)).toEqual([]);
    expect((await container.inspect()).State.Running, 'nobody else’s container is touched').toBe(true);
    await container.remove({ force: true });
    expect(await clean(docker, RUN)).toMatchObject({ volumes: 1, left: [] });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

/** A container of a run that does nothing. */
async function containerOf(runId: string): Promise<Docker.Container> {
  return await docker.createContainer({
    name: `zonestorm-${runId}-a1`,
    Image: runtime,
    Cmd: ['sleep', '300'],
    Labels: labelsOf(runId),
    HostConfig: { NetworkMode: 'none' },
  });
}

test('a stopped container that the engine cannot remove is told and left, and all else is removed; one that runs or is frozen refuses', async () => {
  await using engine = await RefusingEngine.open();
  const refusing = new Docker({ socketPath: engine.path });
  const [running, frozen] = OTHER_RUNS;
  const stopped = await containerOf(RUN);
  await docker.createVolume({ Name: `zonestorm-${RUN}-a1-0`, Labels: labelsOf(RUN) });
  await docker.createNetwork({
    Name: `zonestorm-${RUN}-free`,
    Labels: labelsOf(RUN),
    IPAM: { Driver: 'default', Config: [{ Subnet: (await freeBlocks(docker)).at(-1) ?? '' }] },
  });
  const ids = [stopped.id];
  for (const runId of OTHER_RUNS) {
    const container = await containerOf(runId);
    await container.start();
    if (runId === frozen) await container.pause();
    ids.push(container.id);
  }
  engine.refuse(new RegExp(`^DELETE \\S*/containers/(${ids.join('|')})\\b`), 'unlinkat x: device or resource busy');
  const folders = await Promise.all([RUN, ...OTHER_RUNS].map((runId) => journalOf(runId)));
  const told: string[] = [];
  try {
    const ends = await Promise.allSettled(
      folders.map((folder) => putBackAbandoned(refusing, (line) => told.push(line), folder)),
    );
    expect(ends).toMatchObject([
      { status: 'fulfilled', value: [{ runId: RUN }] },
      { status: 'rejected', reason: { name: 'EnvironmentError' } },
      { status: 'rejected', reason: { name: 'EnvironmentError' } },
    ]);
    for (const [i, runId] of [running, frozen].entries()) {
      const end = ends[i + 1];
      expect(end?.status === 'rejected' && String(end.reason)).toMatch(
        new RegExp(`zonestorm-${runId}-a1, which still runs or is frozen: .*device or resource busy`),
      );
    }
    expect(await Promise.all(folders.map((folder) => readdir(folder)))).toEqual([
      [],
      [`${running}.jsonl`],
      [`${frozen}.jsonl`],
    ]);
    expect(told).toEqual([
      expect.stringMatching(new RegExp(`zonestorm-${RUN}-a1 \\(container: .*device or resource busy\\)`)),
    ]);
    const filters = { label: [`${LABELS.run}=${RUN}`] };
    expect(await docker.listNetworks({ filters })).toEqual([]);
    expect((await docker.listVolumes({ filters })).Volumes ?? []).toEqual([]);
    expect((await docker.listContainers({ all: true, filters })).map(({ Id }) => Id)).toEqual([stopped.id]);
  } finally {
    for (const folder of folders) await rm(folder, { recursive: true, force: true });
  }
});

/** What the next start on this machine's engine, or `clean`, makes of a journal of that engine. */
async function begin(engine: EngineIdentity, replaced: 'keep' | 'forget') {
  const folder = await journalOf(RUN, engine);
  const told: string[] = [];
  try {
    const abandoned = await putBackAbandoned(docker, (line) => told.push(line), folder, replaced);
    return { putBack: abandoned.map(({ runId }) => runId), told, journals: await readdir(folder) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

test.each(['keep', 'forget'] as const)(
  'a journal of an engine elsewhere stays, and is told once with the address; the start goes on (%s)',
  async (replaced) => {
    const here = await identityOf(docker);
    // Engines of Docker 20.10 may share an ID, and have data folders of their own.
    for (const other of [{ id: 'ANOTHER' }, { root: '/another/folder' }]) {
      const engine = { ...here, ...other, address: 'unix:///another/docker.sock' };
      const { putBack, told, journals } = await begin(engine, replaced);
      expect([putBack, journals]).toEqual([[], [`${RUN}.jsonl`]]);
      expect(told).toHaveLength(1);
      expect(told[0]).toContain(
        `run ${RUN} is of the engine at unix:///another/docker.sock; it is put back when zonestorm runs there`,
      );
    }
  },
);

test('one of this engine is settled, whatever socket its run asked it over', async () => {
  const engine = { ...(await identityOf(docker)), address: 'unix:///another/docker.sock' };
  expect(await begin(engine, 'keep')).toEqual({ putBack: [RUN], told: [], journals: [] });
});

test('one of an engine whose place this one has taken is told and kept by a run, and forgotten by clean', async () => {
  const engine = { ...(await identityOf(docker)), id: 'ANOTHER' };
  const kept = await begin(engine, 'keep');
  expect([kept.putBack, kept.journals]).toEqual([[], [`${RUN}.jsonl`]]);
  expect(kept.told).toEqual([expect.stringMatching(/of another engine.*`zonestorm clean` forgets/)]);
  const forgotten = await begin(engine, 'forget');
  expect([forgotten.putBack, forgotten.journals]).toEqual([[], []]);
  expect(forgotten.told).toEqual([expect.stringMatching(/was of another engine.*forgotten/)]);
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
