import { describe, expect, test } from 'vitest';
import { resolveMetric } from '../../../harness/check/resolve-metric.ts';
import type { HistoryRecord, LedgerRecord, MembershipRecord, ReplicaRecord } from '../../../harness/history/records.ts';
import { measureLedger } from '../../../harness/measure/ledger.ts';
import { measureRun } from '../../../harness/measure/measure-run.ts';
import { measureMisreads } from '../../../harness/measure/misreads.ts';
import type { PlanContainer } from '../../../harness/scenario/plan.ts';
import { crash, exit, io, request, volume } from './record-builders.ts';
import { smallPlan } from './small-plan.ts';
import { frameWith, smallRun } from './small-run.ts';

const ledger: LedgerRecord = {
  kind: 'ledger',
  source: 'a-instances',
  t: 51_000,
  volume: 'va1',
  extentBytes: 65_536,
  // Extent 0: 5 acknowledged. 1: 7 acknowledged, 9 possible. 2: only 8 possible.
  extents: [
    [0, 5],
    [1, 7, 9],
    [2, 0, 8],
  ],
  acknowledged: 12,
};
const membership = (epoch: number, primary: string, mirror: string | null): MembershipRecord => ({
  kind: 'membership',
  source: 'reader',
  t: 55_000,
  volume: 'va1',
  epoch,
  primary,
  mirror,
  joining: null,
});
const replica = (node: string, epoch: number, extents: ReplicaRecord['extents']): ReplicaRecord => ({
  kind: 'replica',
  source: 'reader',
  t: 55_000,
  node,
  volume: 'va1',
  slot: 0,
  epoch,
  extentBytes: 65_536,
  extents,
});
const GOOD: ReplicaRecord['extents'] = [
  [0, 5, 5, 0],
  [1, 7, 7, 0],
];
const measure = (...records: readonly HistoryRecord[]) => measureLedger(frameWith([ledger, ...records]));
const withMirror = (extents: ReplicaRecord['extents']) =>
  measure(membership(2, 'a1', 'a3'), replica('a1', 2, GOOD), replica('a3', 2, extents));

describe('measureLedger', () => {
  test('right on both replicas', () => {
    expect(withMirror(GOOD)).toMatchObject({
      acknowledgedWrites: 12,
      extentsAcknowledged: 2,
      extentsVerified: 2,
      extentsLost: 0,
      extentsUnverified: 0,
      reason: null,
      problems: [],
    });
  });

  test('a write that was never acknowledged may be there, missing, or half there', () => {
    const possible: ReplicaRecord['extents'] = [
      [0, 5, 5, 0],
      [1, 7, 9, 0],
      [2, 0, 8, 0],
    ];
    expect(withMirror(possible)).toMatchObject({ extentsVerified: 2, extentsLost: 0 });
  });

  const wrong: readonly (readonly [string, string, ReplicaRecord['extents']])[] = [
    [
      'an older write',
      'lost',
      [
        [0, 4, 4, 0],
        [1, 7, 7, 0],
      ],
    ],
    ['nothing', 'lost', [[1, 7, 7, 0]]],
    [
      'old sectors among new ones',
      'torn',
      [
        [0, 3, 5, 0],
        [1, 7, 7, 0],
      ],
    ],
    [
      'a sector with a wrong checksum',
      'corrupt',
      [
        [0, 5, 5, 1],
        [1, 7, 7, 0],
      ],
    ],
    [
      'a number nobody sent',
      'unexpected',
      [
        [0, 6, 6, 0],
        [1, 7, 7, 0],
      ],
    ],
    ['a number nobody sent to an extent without acknowledged writes', 'unexpected', [...GOOD, [2, 3, 3, 0]]],
    ['anything in an extent to which nobody has sent a write', 'unexpected', [...GOOD, [5, 3, 3, 0]]],
    ['a sector of another place in an extent to which nobody has sent a write', 'corrupt', [...GOOD, [5, 0, 0, 1]]],
  ];
  test.each(wrong)('%s is %s', (_, kind, extents) => {
    const found = withMirror(extents);
    expect(found.extentsLost).toBe(1);
    expect(found.problems).toEqual([expect.objectContaining({ kind, node: 'a3', volume: 'va1' })]);
  });

  test('what cannot be read is unverified, never right', () => {
    const missing = measure(membership(2, 'a1', 'a3'), replica('a1', 2, GOOD));
    expect(missing).toMatchObject({ extentsVerified: 0, extentsUnverified: 2, extentsLost: 0 });
    expect(missing.problems[0]).toMatchObject({ kind: 'unverified', node: 'a3', detail: 'no replica read' });
    const noMembership = measure(replica('a1', 2, GOOD));
    expect(noMembership).toMatchObject({ extentsVerified: 0, extentsUnverified: 2 });
    expect(noMembership.reason).toContain('store');
  });

  test('a replica one epoch behind is not the confirmed one', () => {
    const found = measure(membership(2, 'a1', 'a3'), replica('a1', 2, GOOD), replica('a3', 1, GOOD));
    expect(found).toMatchObject({ extentsVerified: 0, extentsUnverified: 2 });
    expect(found.problems[0]?.detail).toBe('replica of epoch 1, the store has 2');
  });

  test('a primary elected a moment before it was stopped is read, if it never told that it had taken over', () => {
    const elected: HistoryRecord = {
      ...{ kind: 'election', source: 'control-plane', t: 50_000, volume: 'va1', epoch: 3, event: 'elected' },
      ...{ primary: 'a1', mirror: null, joining: 'a4' },
    };
    const records = [membership(3, 'a1', null), replica('a1', 2, GOOD), elected];
    expect(measure(...records)).toMatchObject({ extentsVerified: 2, extentsUnverified: 0 });
    const tookOver = volume('va1', 'elected', 50_100, 'a1', { epoch: 3, peer: 'a4' });
    expect(measure(...records, tookOver)).toMatchObject({ extentsVerified: 0, extentsUnverified: 2 });
  });

  describe('of a writer that has forgotten what it wrote before it was started again', () => {
    // 13 were told as acknowledged, and the ledger has 12.
    const told = Array.from({ length: 13 }, (_, i) => ['va1', 'write', i, i + 1, 'ok', null] as const);
    const forgetful = (extents: ReplicaRecord['extents']) =>
      measure(membership(2, 'a1', null), replica('a1', 2, extents), io('a-instances', 30_000, told));

    test('what it forgot is told, and what it does not know is not the storage’s fault', () => {
      const found = forgetful([
        [0, 6, 6, 0],
        [1, 7, 7, 0],
        [5, 3, 3, 0],
      ]);
      expect(found).toMatchObject({ writesForgotten: 1, extentsLost: 0, extentsVerified: 1, extentsUnverified: 1 });
      expect(found.problems.map(({ kind, extent }) => [kind, extent])).toEqual([
        ['unverified', 0],
        ['unverified', 5],
      ]);
    });

    test('what it knows and the disk has not is lost', () => {
      expect(forgetful([[1, 7, 7, 0]])).toMatchObject({ extentsLost: 1 });
      expect(
        forgetful([
          [0, 5, 5, 1],
          [1, 7, 7, 0],
        ]),
      ).toMatchObject({ extentsLost: 1 });
    });
  });

  test('only members of the highest epoch count', () => {
    const found = measure(
      membership(2, 'a1', null),
      membership(1, 'a2', 'a4'),
      replica('a1', 2, GOOD),
      replica('a2', 1, []),
      replica('a4', 1, []),
    );
    expect(found).toMatchObject({ extentsVerified: 2, extentsLost: 0, extentsUnverified: 0 });
  });

  describe('on nodes that crashed', () => {
    const both = [replica('a1', 2, GOOD), replica('a3', 2, GOOD)];

    test('what is right on disks of crashed nodes only is salvageable, and not lost', () => {
      const found = measure(membership(2, 'a1', 'a3'), ...both, crash('a1', 30_000, 20), crash('a3', 31_000, 20));
      expect(found).toMatchObject({ extentsSalvageable: 2, extentsVerified: 0, extentsLost: 0, extentsUnverified: 0 });
      expect(found.extentsAcknowledged).toBe(2);
    });

    test('with one of the two alive it is verified, on both', () => {
      const found = measure(membership(2, 'a1', 'a3'), ...both, crash('a3', 30_000, 20));
      expect(found).toMatchObject({ extentsSalvageable: 0, extentsVerified: 2 });
    });

    test('what is wrong on a crashed node’s disk is lost', () => {
      const old: ReplicaRecord['extents'] = [[0, 4, 4, 0]];
      const found = measure(membership(2, 'a1', null), replica('a1', 2, old), crash('a1', 30_000, 20));
      expect(found).toMatchObject({ extentsSalvageable: 0, extentsLost: 2 });
    });

    test('a primary that crashed before it could write down its election is read, another node is not', () => {
      const crashed = measure(membership(3, 'a1', null), replica('a1', 2, GOOD), crash('a1', 30_000, 20));
      expect(crashed).toMatchObject({ extentsSalvageable: 2, extentsUnverified: 0 });
      const alive = measure(membership(3, 'a1', null), replica('a1', 2, GOOD));
      expect(alive).toMatchObject({ extentsVerified: 0, extentsUnverified: 2 });
      const older = measure(membership(4, 'a1', null), replica('a1', 2, GOOD), crash('a1', 30_000, 20));
      expect(older).toMatchObject({ extentsSalvageable: 0, extentsUnverified: 2 });
    });
  });

  describe('of a volume that was restored from a snapshot', () => {
    // Extent 0 was acknowledged before the restoration, 1 after it; the snapshot had write 3 of extent 0.
    const timed: LedgerRecord = { ...ledger, acknowledgedAt: [25_000, 45_000, null] };
    const restored: readonly HistoryRecord[] = [
      {
        ...{ kind: 'election', source: 'control-plane', t: 39_999, volume: 'va1', epoch: 2, event: 'restored' },
        ...{ primary: 'a3', mirror: 'a4', joining: null },
      },
      {
        ...{ kind: 'snapshot', source: 'control-plane', t: 40_000, event: 'restored', snapshot: 's', volume: 'va1' },
        ...{
          epoch: 1,
          node: 'a1',
          role: 'primary',
          bytes: 1000,
          isPrecaution: true,
          into: 'va1',
          extents: [[0, 3, 3, 0]],
        },
      },
    ];
    const gone = [crash('a1', 30_000, 20), exit('a2', 31_000, 137)];
    const found = (extents: ReplicaRecord['extents'], more: readonly HistoryRecord[] = gone, of = timed) =>
      measureLedger(
        frameWith([
          of,
          ...restored,
          ...more,
          membership(2, 'a3', 'a4'),
          replica('a3', 2, extents),
          replica('a4', 2, extents),
        ]),
      );
    const AS_RESTORED: ReplicaRecord['extents'] = [
      [0, 3, 3, 0],
      [1, 7, 7, 0],
    ];

    test('what the snapshot had is rolled back, and what came after the restoration verified', () => {
      const result = found(AS_RESTORED);
      expect(result).toMatchObject({
        extentsRolledBack: 1,
        extentsVerified: 1,
        extentsLost: 0,
        extentsAcknowledged: 2,
      });
      expect(result.problems).toEqual([
        expect.objectContaining({ kind: 'rolled-back', node: 'a3', extent: 0, detail: 'expected 5, found 3' }),
        expect.objectContaining({ kind: 'rolled-back', node: 'a4', extent: 0 }),
      ]);
    });

    const losses: readonly (readonly [string, ReplicaRecord['extents']])[] = [
      [
        'neither the acknowledged write nor the snapshot’s is there',
        [
          [0, 2, 2, 0],
          [1, 7, 7, 0],
        ],
      ],
      ['one acknowledged after the restoration is gone', [[0, 3, 3, 0]]],
      [
        'the extent is damaged',
        [
          [0, 3, 3, 1],
          [1, 7, 7, 0],
        ],
      ],
    ];
    test.each(losses)('%s: lost', (_, extents) => {
      expect(found(extents)).toMatchObject({ extentsLost: 1 });
    });

    test('a volume that had a living replica was not unrecoverable: lost', () => {
      expect(found(AS_RESTORED, [crash('a1', 30_000, 20)])).toMatchObject({ extentsLost: 1, extentsRolledBack: 0 });
      const back = { kind: 'ready', source: 'a2', t: 35_000, program: 'node', bootId: 'x' } as const;
      expect(found(AS_RESTORED, [...gone, back])).toMatchObject({ extentsLost: 1, extentsRolledBack: 0 });
    });

    test('a ledger without times excuses nothing', () => {
      expect(found(AS_RESTORED, gone, ledger)).toMatchObject({ extentsLost: 1, extentsRolledBack: 0 });
    });
  });

  describe('what clients read that cannot be right', () => {
    const read = (volume: string, ended: number, reason: string | null) =>
      io('a-instances', ended, [[volume, 'read', ended - 10, ended, reason === null ? 'ok' : 'failed', reason]]);
    const answer = (ended: number, reason: string): HistoryRecord => {
      return { ...request('use1-a', ended - 10, ended, 'failed'), reason } as HistoryRecord;
    };
    const wrong = [read('va1', 41_000, 'corrupt'), answer(42_000, 'wrong answer')];

    test('is counted, the first with their times; other failures are not', () => {
      const found = measureMisreads(
        frameWith([read('va2', 30_000, null), read('va2', 30_500, 'EIO'), answer(31_000, 'HTTP 503'), ...wrong]),
      );
      expect(found).toEqual({
        reads: 1,
        answers: 1,
        rolledBack: 0,
        first: [
          { of: 'va1', atSeconds: 21 },
          { of: 'a-app', atSeconds: 22 },
        ],
      });
    });

    test('is a loss, though every disk is right', () => {
      const measured = measureRun(smallPlan(), [...smallRun(), ...wrong]);
      expect(resolveMetric(measured, 'ledger.misread', {})).toBe(2);
      expect(resolveMetric(measured, 'ledger.lost', {})).toMatchObject({ atLeast: 2 });
    });

    test('is excused only after its volume, or one of its zone, was restored from a snapshot', () => {
      const restoredAt = (t: number): readonly HistoryRecord[] => [
        crash('a1', 30_000, 20),
        exit('a2', 31_000, 137),
        {
          kind: 'election',
          source: 'control-plane',
          t,
          volume: 'va1',
          event: 'restored',
          epoch: 2,
          primary: 'a3',
          mirror: 'a4',
          joining: null,
        },
        {
          kind: 'snapshot',
          source: 'control-plane',
          t,
          event: 'restored',
          snapshot: 's',
          volume: 'va1',
          into: 'va1',
          bytes: 1,
          isPrecaution: true,
          epoch: 2,
          node: 'control-plane',
          role: 'primary',
        },
      ];
      const found = (t: number) =>
        measureMisreads(frameWith([...restoredAt(t), ...wrong, read('va2', 43_000, 'corrupt')]));
      expect(found(40_000)).toMatchObject({ reads: 1, answers: 0, rolledBack: 2, first: [{ of: 'va2' }] });
      expect(found(41_500)).toMatchObject({ reads: 2, answers: 0, rolledBack: 1 });
      expect(found(45_000)).toMatchObject({ reads: 2, answers: 1, rolledBack: 0 });
    });
  });

  test('a volume with I/O and no ledger is told', () => {
    const used = io('a-instances', 30_000, [['va2', 'write', 1, 2, 'ok', null]]);
    expect(measure(membership(2, 'a1', null), replica('a1', 2, GOOD), used).volumesWithoutLedger).toBe(1);
  });

  test('so is one of a writer that began and of which nothing was told', () => {
    const ready = { kind: 'ready', source: 'b-instances', t: 5000, program: 'instances', bootId: 'x' } as const;
    const writer = { ...smallPlan().containers[0], id: 'b-instances', zone: 'use1-b', role: 'instances' } as const;
    const plan = { ...smallPlan(), containers: [...smallPlan().containers, writer as PlanContainer] };
    const records = [ledger, membership(2, 'a1', null), replica('a1', 2, GOOD)];
    expect(measureLedger(frameWith(records, plan)).volumesWithoutLedger).toBe(0);
    expect(measureLedger(frameWith([...records, ready], plan)).volumesWithoutLedger).toBe(1);
  });

  test('no ledger at all has a reason instead of 0 losses', () => {
    expect(measureLedger(frameWith([])).reason).toBe('no writer printed a ledger');
  });
});
