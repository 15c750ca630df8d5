import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import type { HistoryRecord } from '../../harness/history/records.ts';
import type { Plan } from '../../harness/scenario/plan.ts';
import { readText, runScenario } from './cli.ts';
import { leftovers } from './leftovers.ts';

const SCENARIOS = join(import.meta.dirname, 'scenarios');

afterEach(async () => {
  expect(await leftovers(), 'left on the engine').toEqual([]);
});

test('snapshots are taken under load, over links, and disturb neither I/O nor other calls', async () => {
  const { code, result, folder } = await runScenario(join(SCENARIOS, 'snapshots.yaml'), [
    '--seed',
    '3',
    '--set',
    'load.apiSnapshotShare=0.2',
  ]);
  expect(result.verdict).toEqual({ outcome: 'pass', problems: [] });
  expect(code).toBe(0);
  const { snapshots, controlPlane, ledger } = result;
  expect(snapshots.takenAsPrecaution).toBeGreaterThan(10);
  expect(snapshots.taken - snapshots.takenAsPrecaution).toBeGreaterThan(8);
  expect(snapshots).toMatchObject({ damaged: 0, takenOfMirrors: 0, restoredAsNew: 0, restoredInPlace: [] });
  expect(ledger).toMatchObject({ extentsRolledBack: 0, extentsLost: 0 });
  for (const zone of ['use1-a', 'use1-b']) {
    for (const name of ['createSnapshot', 'deleteSnapshot']) {
      const overall = controlPlane.api.find((one) => one.zone === zone && one.call === name)?.periods[0];
      expect(overall, `${zone} ${name}`).toMatchObject({ failed: 0, unknown: 0 });
      expect(overall?.ok, `${zone} ${name}`).toBeGreaterThan(5);
    }
  }
  const records = await readHistory(folder);
  // Counted by the routers: every snapshot's bytes crossed the links from the control plane to the nodes.
  const crossed = records
    .flatMap((record) => (record.kind === 'links' ? record.bytes : []))
    .filter(([link]) => link.startsWith('control-plane->'))
    .reduce((sum, [, bytes]) => sum + bytes, 0);
  const taken = records.filter((record) => record.kind === 'snapshot' && record.event === 'taken').length;
  const { value } = result.parameters.find((one) => one.name === 'storage.volumeBytes') ?? {};
  expect(crossed).toBeGreaterThan(taken * Number(value));
  expect(crossed).toBeLessThan(taken * Number(value) * 1.3);
});

test('volumes of ended nodes alone are restored in their place by the operator, serve again, and what was written since is told', async () => {
  const { code, result, folder } = await runScenario(join(SCENARIOS, 'restored.yaml'), ['--seed', '6']);
  expect(result.verdict).toEqual({ outcome: 'pass', problems: [] });
  expect(code).toBe(0);
  const { volumes } = JSON.parse(await readText(folder, 'plan.json')) as Plan;
  const isKilled = (node: string): boolean => node === 'a1' || node === 'a2';
  const orphaned = volumes.filter(({ primary, mirror }) => isKilled(primary) && isKilled(mirror)).map(({ id }) => id);
  expect(orphaned.length).toBeGreaterThan(2);
  // Those and no others, each from before the kill; a volume with a replica that runs is mirrored again by its node.
  const { restoredInPlace } = result.snapshots;
  expect(restoredInPlace.map(({ volume }) => volume).sort()).toEqual(orphaned.sort());
  for (const { atSeconds, snapshotAtSeconds } of restoredInPlace) {
    expect(snapshotAtSeconds).toBeLessThan(0);
    expect(atSeconds).toBeGreaterThan(8);
  }
  expect(result.operator.actions).toMatchObject([
    { id: 'restore-snapshots-1', outcome: 'done', by: 'schedule', zone: 'use1-a' },
  ]);
  expect(result.operator.actions[0]?.readBack).toBe(
    `the control plane restored ${orphaned.length} volumes; 0 have no snapshot, 0 found no room`,
  );
  // The snapshots are some seconds old, and the volumes were written to since.
  expect(result.ledger.extentsRolledBack).toBeGreaterThan(0);
  expect(result.ledger).toMatchObject({ extentsLost: 0, extentsUnverified: 0, misreads: { reads: 0, answers: 0 } });

  // Nothing of them is answered until they are restored, and then it is.
  const records = await readHistory(folder);
  const killed = records.find((record) => record.kind === 'fault' && record.state === 'applied');
  if (killed === undefined) throw new Error('no fault was applied');
  const answered = records
    .flatMap((record) => (record.kind === 'io' ? record.ops : []))
    .filter(([, , , , outcome]) => outcome === 'ok');
  for (const record of records) {
    if (record.kind !== 'snapshot' || record.event !== 'restored') continue;
    const ended = answered.filter(([volume]) => volume === record.into).map(([, , , at]) => at);
    expect(
      ended.filter((at) => at > killed.t && at < record.t),
      record.volume,
    ).toEqual([]);
    expect(ended.filter((at) => at > record.t).length, record.volume).toBeGreaterThan(0);
  }
});

async function readHistory(folder: string): Promise<readonly HistoryRecord[]> {
  const lines = (await readText(folder, 'history.jsonl')).split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as HistoryRecord);
}
