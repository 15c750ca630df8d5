import { describe, expect, test } from 'vitest';
import type { HistoryRecord } from '../../../harness/history/records.ts';
import { measureAgreement } from '../../../harness/measure/agreement.ts';
import { measureElections } from '../../../harness/measure/elections.ts';
import { measureLoss } from '../../../harness/measure/loss.ts';
import { measureStorm } from '../../../harness/measure/storm.ts';
import { describeTrigger } from '../../../harness/measure/trigger.ts';
import { fault, io, node, triggerEnd, volume } from './record-builders.ts';
import { planFault, smallPlan } from './small-plan.ts';
import { frameWith } from './small-run.ts';

/**
 * By hand: va1 loses its partner at 21.0, is elected at 21.2 and mirrored at 30.0. va4 loses it at 21.0, is elected
 * at 35.0 (12.5 s after the trigger's end at 22.5) and mirrored at 40.0. va2 and va3 keep theirs.
 */
const NODES_TELL: readonly HistoryRecord[] = [
  volume('va1', 'partner-lost', 21_000, 'a1', { peer: 'a2' }),
  volume('va1', 'partner-lost', 21_050, 'a2', { role: 'mirror', peer: 'a1' }),
  volume('va1', 'elected', 21_200, 'a1', { epoch: 2, peer: 'a3' }),
  volume('va1', 'confirmed', 30_000, 'a1', { epoch: 2, peer: 'a3' }),
  volume('va1', 'released', 30_500, 'a2', { role: 'mirror' }),
  volume('va4', 'partner-lost', 21_000, 'a4', { peer: 'a1' }),
  volume('va4', 'elected', 35_000, 'a4', { epoch: 2, peer: 'a2' }),
  volume('va4', 'confirmed', 40_000, 'a4', { epoch: 2, peer: 'a2' }),
];
/** va4's write of 21.5 ends at 35.1; every other operation takes 10 ms. */
const INSTANCES_TELL: readonly HistoryRecord[] = [
  io('a-instances', 36_000, [
    ['va1', 'write', 21_100, 21_210, 'ok', null],
    ['va2', 'write', 25_000, 25_010, 'ok', null],
    ['va4', 'write', 21_500, 35_100, 'ok', null],
    ['va4', 'write', 36_000, 36_010, 'ok', null],
  ]),
];
const SLOTS = ['a1', 'a2', 'a3', 'a4'].flatMap((id, index) => [
  node(id, 19_000, { slotsFree: 3 }),
  node(id, 19_500, { slotsFree: index === 0 ? 0 : 1 }),
  node(id, 21_500, { slotsFree: 0 }),
]);
const DETECTED: readonly HistoryRecord[] = [
  { kind: 'detector', source: 'a1', t: 20_990, peer: 'a2', state: 'lost', silenceMs: 760 },
  { kind: 'detector', source: 'a4', t: 20_995, peer: 'a1', state: 'lost', silenceMs: 780.4 },
];

function measured(records: readonly HistoryRecord[]) {
  const frame = frameWith(records);
  const loss = measureLoss(frame);
  return { frame, loss, storm: measureStorm(frame, loss.volumesLosingPartner, loss.freeSlotsBefore) };
}

describe('a storm computed by hand', () => {
  const { frame, loss, storm } = measured([...NODES_TELL, ...INSTANCES_TELL, ...SLOTS, ...DETECTED]);

  test('trigger: from applied to drained, the drain apart', () => {
    expect(describeTrigger(frame.trigger)).toMatchObject({
      seconds: 2.5,
      secondsReason: null,
      routesRestoredAtSeconds: 2,
      drainSeconds: 0.5,
    });
  });

  test('D has no volume whose partner was there and whose disk had failed', () => {
    const failed = { ...volume('va2', 'partner-lost', 21_100, 'a2', { peer: 'a3' }), disk: true } as HistoryRecord;
    const others = measured([...NODES_TELL, failed, ...INSTANCES_TELL, ...SLOTS, ...DETECTED]).loss;
    expect(others.volumesLosingPartner).toBe(loss.volumesLosingPartner);
    expect(others.volumesDegraded).toBe(loss.volumesDegraded + 1);
  });

  test('D, F and V', () => {
    expect(loss).toMatchObject({
      volumes: 4,
      volumesLosingPartner: 2,
      volumesLosingPartnerByMirrorOnly: 0,
      freeSlotsBefore: 3,
      predictedFreeSlots: 4,
      predictedVolumesLosingPartner: 2,
      volumesByLostPairs: 2,
      pairsLost: 2,
      nodesLost: 2,
      longestSilenceAtLossMs: 780.4,
    });
  });

  test('stuck by the nodes and by the instances, exact to the event', () => {
    const byNodes = [20_999, 21_000, 21_199, 21_200, 34_999, 35_000].map((t) => storm.states.stuck.at(t));
    expect(byNodes).toEqual([0, 2, 2, 1, 1, 0]);
    const byInstances = [21_499, 21_500, 35_099, 35_100].map((t) => storm.hung.at(t));
    expect(byInstances).toEqual([0, 1, 1, 0]);
    expect([21_199, 21_200, 29_999, 30_000, 35_000, 40_000].map((t) => storm.states.degraded.at(t))).toEqual([
      0, 1, 1, 0, 1, 0,
    ]);
  });

  test('recovery: 12.6 s for the instances, 17.5 s until mirrored', () => {
    expect(storm.result).toMatchObject({
      stormSeconds: 12.6,
      stormSecondsReason: null,
      stormAtLeastSeconds: null,
      stormHeldSeconds: 14.9,
      stormSecondsByNodes: 12.5,
      mirroredSeconds: 17.5,
      mirroredHeldSeconds: 10,
      stuckShareAt10s: 0.25,
      stuckShareAt10sByNodes: 0.25,
      predictedStuckShare: 0,
      peakStuckVolumes: 1,
      peakStuckVolumesByNodes: 2,
      resolutionSeconds: 0.5,
    });
  });

  test('old copies hold slots from the election to their release', () => {
    // va1 leaves a2 behind from 21.2 to 30.5, va4 leaves a1 behind from 35.0 on.
    expect([21_199, 21_200, 30_499, 30_500, 35_000, 49_000].map((t) => storm.held.at(t))).toEqual([0, 1, 1, 0, 1, 1]);
  });

  test('agreement: F differs from the plan, the others agree', () => {
    const agreement = measureAgreement(frame, loss, storm);
    expect(agreement.map(({ agree }) => agree)).toEqual([true, true, false, true]);
  });
});

describe('censoring', () => {
  const stuckTo = (endT: number | null): readonly HistoryRecord[] => [
    ...NODES_TELL.slice(5, 6),
    endT === null
      ? { kind: 'io.unfinished', source: 'a-instances', t: 50_000, ops: [['va4', 'write', 21_500]] }
      : io('a-instances', endT, [['va4', 'write', 21_500, endT, 'ok', null]]),
  ];

  test('what never finished is a lower bound, never a time', () => {
    expect(measured(stuckTo(null)).storm.result).toMatchObject({
      stormSeconds: null,
      stormSecondsReason: 'not recovered within 27.5 s after the trigger',
      stormAtLeastSeconds: 27.5,
      mirroredSeconds: null,
      mirroredAtLeastSeconds: 27.5,
      stuckShareAt10s: 0.25,
    });
  });

  test('operations pending in the last record of instances that were killed count as hung', () => {
    const killed = io('a-instances', 49_500, [], [['va4', 21_500]]);
    expect(measured([killed]).storm.result).toMatchObject({ stormSeconds: null, stormAtLeastSeconds: 27.5 });
  });

  test('a recovery in the last moments, which nothing could contradict yet, is none', () => {
    expect(measured(stuckTo(49_100)).storm.result.stormSeconds).toBeNull();
    expect(measured(stuckTo(48_900)).storm.result).toMatchObject({ stormSeconds: 26.4, stormHeldSeconds: 1.1 });
  });

  test('a recovery that does not hold for 5 s is none', () => {
    const relapse = [
      io('a-instances', 45_000, [
        ['va4', 'write', 21_500, 25_000, 'ok', null],
        ['va2', 'write', 29_900, 33_000, 'ok', null],
      ]),
    ];
    expect(measured(relapse).storm.result.stormSeconds).toBe(10.5);
    const later = [
      io('a-instances', 45_000, [
        ['va4', 'write', 21_500, 25_000, 'ok', null],
        ['va2', 'write', 30_001, 33_000, 'ok', null],
      ]),
    ];
    expect(measured(later).storm.result.stormSeconds).toBe(2.5);
  });

  test('no storm is not a storm of 0 s', () => {
    expect(measured([]).storm.result).toMatchObject({ stormSeconds: null, stormSecondsReason: 'there was no storm' });
  });

  test('without proof of its end nothing is measured from the trigger', () => {
    const plan = smallPlan({
      faults: [planFault('cut-1')],
    });
    const frame = frameWith([fault('cut-1', 'applied', 20_000)], plan);
    const storm = measureStorm(frame, 0, 0);
    expect(storm.result).toMatchObject({
      stormSeconds: null,
      stormSecondsReason: 'the end of cut-1 was not proved',
      stuckShareAt10s: null,
    });
  });
});

test('a trigger that is proved gone only after the measurement leaves nothing to measure from', () => {
  const late = triggerEnd(49_900, 51_000);
  const { result } = measured([...NODES_TELL, ...INSTANCES_TELL, late]).storm;
  const reason = 'the trigger was proved gone only after the measurement had ended';
  expect(result).toMatchObject({ stormSeconds: null, stormSecondsReason: reason, stormAtLeastSeconds: null });
  expect(result).toMatchObject({ stuckShareAt10s: null, stuckShareAt10sReason: reason });
});

describe('epochs and roles', () => {
  test('an event of a replica left behind changes nothing', () => {
    const stale = volume('va1', 'partner-lost', 32_000, 'a2', { epoch: 1, peer: 'a1' });
    const { storm } = measured([...NODES_TELL, stale]);
    expect(storm.states.unmirrored.at(33_000)).toBe(1);
    const current = volume('va1', 'partner-lost', 32_000, 'a1', { epoch: 2, peer: 'a3' });
    expect(measured([...NODES_TELL, current]).storm.states.unmirrored.at(33_000)).toBe(2);
  });

  test('a mirror that loses a primary which is well blocks nothing, and is told apart in D', () => {
    const { storm, loss } = measured([volume('va1', 'partner-lost', 21_000, 'a2', { role: 'mirror', peer: 'a1' })]);
    expect(storm.states.unmirrored.at(25_000)).toBe(0);
    expect(loss).toMatchObject({ volumesLosingPartner: 1, volumesLosingPartnerByMirrorOnly: 1 });
  });

  test('a promoted mirror’s volume has been stuck since the mirror lost its primary', () => {
    const { storm } = measured([
      volume('va1', 'partner-lost', 21_000, 'a2', { role: 'mirror', peer: 'a1' }),
      volume('va1', 'promoted', 23_000, 'a2', { epoch: 2 }),
      volume('va1', 'elected', 24_000, 'a2', { epoch: 3, peer: 'a3' }),
    ]);
    expect([20_999, 21_000, 23_999, 24_000].map((t) => storm.states.stuck.at(t))).toEqual([0, 1, 1, 0]);
  });

  test('losses while the run is taken down are not the fault’s', () => {
    const { loss, storm } = measured([volume('va1', 'partner-lost', 50_001, 'a1', { peer: 'a2' })]);
    expect(loss).toMatchObject({ volumesLosingPartner: 0, volumesDegraded: 0 });
    expect(storm.result.peakStuckVolumesByNodes).toBe(0);
  });

  test('D ends with the trigger plus the detector’s time', () => {
    const at = (t: number) => measured([volume('va1', 'partner-lost', t, 'a1', { peer: 'a2' })]).loss;
    expect(at(23_249).volumesLosingPartner).toBe(1);
    expect(at(23_250).volumesLosingPartner).toBe(0);
    expect(at(19_999)).toMatchObject({ volumesLosingPartner: 0, lossesBefore: 1 });
  });

  test('what a fault does before it has been read back is its own: no loss of the baseline, and counted since', () => {
    const lossAt = (t: number) => {
      const { frame, loss, storm } = measured([
        fault('misroute-1', 'applying', 19_400),
        volume('va1', 'partner-lost', t, 'a1', { peer: 'a2' }),
        volume('va1', 'elected', t + 200, 'a1', { epoch: 2, peer: 'a3' }),
        {
          kind: 'election',
          source: 'control-plane',
          t: t + 150,
          volume: 'va1',
          event: 'elected',
          epoch: 2,
          primary: 'a1',
        },
      ] as HistoryRecord[]);
      const { elected } = measureElections(frame);
      return { ...loss, elected, stuck: storm.result.peakStuckVolumesByNodes };
    };
    expect(lossAt(19_500)).toMatchObject({ volumesLosingPartner: 1, lossesBefore: 0, elected: 1, stuck: 1 });
    expect(lossAt(19_000)).toMatchObject({ volumesLosingPartner: 0, lossesBefore: 1, elected: 0, stuck: 0 });
  });
});
