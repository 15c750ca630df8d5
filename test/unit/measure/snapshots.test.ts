import { describe, expect, test } from 'vitest';
import { resolveMetric } from '../../../harness/check/resolve-metric.ts';
import type { SnapshotRecord } from '../../../harness/history/records.ts';
import { measureRun } from '../../../harness/measure/measure-run.ts';
import { measureSnapshots } from '../../../harness/measure/snapshots.ts';
import { volumeStates } from '../../../harness/measure/volume-states.ts';
import { analyze } from '../../../harness/report/analyze.ts';
import { snapshotRows } from '../../../harness/report/snapshot-rows.ts';
import { crash, volume } from './record-builders.ts';
import { smallPlan } from './small-plan.ts';
import { frameWith, smallRun } from './small-run.ts';

const told = (event: SnapshotRecord['event'], t: number, more: Partial<SnapshotRecord> = {}): SnapshotRecord => ({
  ...{ kind: 'snapshot', source: 'control-plane', t, event, snapshot: 's1', volume: 'va1', epoch: 1, node: 'a1' },
  ...{ role: 'primary', bytes: 1000, isPrecaution: false, into: null },
  ...more,
});
const RECORDS = [
  told('taken', 9000), // before the measurement
  told('taken', 15_000, { isPrecaution: true }),
  told('taken', 16_000, { snapshot: 's2', role: 'mirror' }),
  told('deleted', 17_000, { snapshot: 's2' }),
  told('damaged', 30_000),
  told('restored', 31_000, { into: 'new' }),
  told('restored', 32_000, { into: 'va1', snapshot: 's3' }),
  told('restored', 33_000, { into: 'va1', extents: [] }),
];

test('counts of each kind, and when restored volumes were restored and from what time', () => {
  expect(measureSnapshots(frameWith(RECORDS))).toEqual({
    taken: 2,
    takenAsPrecaution: 1,
    bytesTaken: 2000,
    takenOfMirrors: 1,
    deleted: 1,
    damaged: 1,
    restoredAsNew: 1,
    bytesRestored: 3000,
    restoredInPlace: [
      { volume: 'va1', atSeconds: 12, snapshotAtSeconds: null },
      { volume: 'va1', atSeconds: 13, snapshotAtSeconds: -5 },
    ],
  });
});

test('metrics and rows say the same, and a run without snapshots has no rows', () => {
  const measured = measureRun(smallPlan(), [...smallRun(), ...RECORDS]);
  const value = (name: string) => resolveMetric(measured, name, {});
  expect(value('snapshots.taken')).toBe(2);
  expect(value('volumes.restored')).toBe(2);
  const rows = snapshotRows(analyze(smallPlan(), [...smallRun(), ...RECORDS]));
  expect(rows).toEqual([
    ['snapshots', '2 taken, 1 as a precaution, 1 of a mirror, 2.0 kB read; 1 deleted'],
    ['snapshots refused', '1 time: damaged'],
    ['restored from snapshots', '2 unrecoverable volumes and 1 new one, 3.0 kB'],
    ['given up with that', '0 extents acknowledged after the snapshot'],
  ]);
  expect(snapshotRows(analyze(smallPlan(), smallRun()))).toEqual([]);
});

describe('a volume whose nodes have both crashed', () => {
  const crashes = [crash('a1', 30_000, 20), crash('a2', 31_000, 20)];
  const restored = (role: 'primary' | 'mirror', t: number) => volume('va1', 'restored', t, 'a3', { epoch: 2, role });

  test('is stuck until its restored primary serves', () => {
    const { stuck } = volumeStates(
      frameWith([...crashes, restored('mirror', 40_000), restored('primary', 40_100)]),
      'use1-a',
    );
    // va4 has its primary on a4, va2 on a2.
    expect([29_000, 30_500, 32_000, 40_050, 40_200].map((t) => stuck.at(t))).toEqual([0, 1, 2, 2, 1]);
  });
});
