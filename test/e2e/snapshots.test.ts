import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import type { HistoryRecord } from '../../harness/history/records.ts';
import { readText, runScenario } from './cli.ts';
import { leftovers } from './leftovers.ts';

const SCENARIO = join(import.meta.dirname, 'scenarios/snapshots.yaml');

afterEach(async () => {
  expect(await leftovers(), 'left on the engine').toEqual([]);
});

test('snapshots are taken under load, over links, and disturb neither I/O nor other calls', async () => {
  const { code, result, folder } = await runScenario(SCENARIO, ['--seed', '3', '--set', 'load.apiSnapshotShare=0.2']);
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
  const history = (await readText(folder, 'history.jsonl')).split('\n').filter((line) => line !== '');
  const records = history.map((line) => JSON.parse(line) as HistoryRecord);
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
