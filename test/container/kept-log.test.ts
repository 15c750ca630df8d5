import Docker from 'dockerode';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { HistoryRecord } from '../../harness/history/records.ts';
import { chooseShaping } from '../../harness/lab/choose-shaping.ts';
import { startKeeper } from '../../harness/lab/containers/disk-keeper.ts';
import { KEPT_LOG } from '../../harness/lab/containers/kept-log.ts';
import { OWN_IMAGES } from '../../harness/lab/images/catalogue.ts';
import { LABELS, labelsOf } from '../../harness/lab/labels.ts';
import { requireForwarding } from '../../harness/lab/networks/forwarding.ts';
import { readDisks } from '../../harness/run/read-disks.ts';
import type { Plan } from '../../harness/scenario/plan.ts';
import { type ProbeLab, startProbeLab } from './probe-lab.ts';

/** All that is measured is read from the logs of containers, so no engine's default may decide how they are kept. */
const asked = vi.spyOn(Docker.prototype, 'createContainer');
let made: Docker.ContainerCreateOptions[];
let probe: ProbeLab;
beforeAll(async () => {
  probe = await startProbeLab(['a1', 'a2'], probesWithDisks);
  made = asked.mock.calls.map(([options]) => options);
});
afterAll(() => probe[Symbol.asyncDispose]());

function probesWithDisks(plan: Plan): Plan {
  return {
    ...plan,
    containers: plan.containers.map((one) => ({ ...one, command: ['node', 'fixtures/probe/main.ts'] })),
  };
}

test('every container of a lab has a log that is kept, whole, on this machine, as the engine has it', async () => {
  const { docker, runId } = probe.lab;
  const listed = await docker.listContainers({ all: true, filters: { label: [`${LABELS.run}=${runId}`] } });
  const inspected = await Promise.all(listed.map(({ Id }) => docker.getContainer(Id).inspect()));
  const roles = new Set(inspected.map(({ Config }) => Config.Labels[LABELS.role]));
  expect([...roles]).toEqual(expect.arrayContaining(['node', 'control-plane', 'router', 'helper']));
  for (const { Name, HostConfig } of inspected) expect(HostConfig.LogConfig, Name).toMatchObject(KEPT_LOG);
});

test('so has the reaper, and what is made beside a lab: trials, the keeper and the reader of disks', async () => {
  const { lab } = probe;
  const { docker } = lab;
  const trial = { docker, image: OWN_IMAGES.runtime, runId: lab.runId };
  await Promise.all([chooseShaping(trial), requireForwarding(trial)]);
  const labels = labelsOf(lab.runId, { [LABELS.role]: 'helper' });
  await startKeeper(docker, {
    image: OWN_IMAGES.runtime,
    name: `zonestorm-${lab.runId}-keeper`,
    labels,
    disks: new Map(),
  });
  const records: HistoryRecord[] = [];
  await readDisks(lab, {
    image: OWN_IMAGES.fixtures,
    sessionLabels: {},
    onRecord: (record) => records.push(record),
    gone: new AbortController().signal,
  });
  expect(records.map(({ kind }) => kind)).toContain('reader');
  // Two trials, the peer of one of them, the keeper and the reader.
  expect(asked.mock.calls.length).toBe(5);
  made.push(...asked.mock.calls.map(([options]) => options));
  expect(made.some(({ name }) => name?.startsWith('testcontainers-ryuk-'))).toBe(true);
  for (const { name, HostConfig } of made) expect(HostConfig?.LogConfig, name).toEqual(KEPT_LOG);
});
