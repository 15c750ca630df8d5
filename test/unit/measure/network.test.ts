import { describe, expect, test } from 'vitest';
import { History } from '../../../harness/history/history.ts';
import type { HistoryRecord } from '../../../harness/history/records.ts';
import { measureCopy } from '../../../harness/measure/copy.ts';
import { measureDose } from '../../../harness/measure/dose.ts';
import { frameOf } from '../../../harness/measure/frame.ts';
import { measureLoss } from '../../../harness/measure/loss.ts';
import { measureQueues, PAYLOAD_OF_FRAME } from '../../../harness/measure/queues.ts';
import { measureSearch } from '../../../harness/measure/search.ts';
import { volumeStates } from '../../../harness/measure/volume-states.ts';
import { node, queue, triggerEnd, volume } from './record-builders.ts';
import { smallPlan } from './small-plan.ts';
import { frameWith, smallRun } from './small-run.ts';

/** Frames that carry this many bytes of payload, so that the expected rates are round. */
const framesOf = (payload: number) => payload / PAYLOAD_OF_FRAME;

/** The replication router sends 1 Mbit/s (125 kB/s), and 8 Mbit/s (1 MB/s) from 20 s to 22 s. */
const QUEUE: readonly HistoryRecord[] = Array.from({ length: 81 }, (_, index) => {
  const t = 10_000 + index * 500;
  const misrouted = Math.min(Math.max(t - 20_000, 0), 2000);
  return queue(
    'a-replication',
    t,
    framesOf((t - 10_000) * 125 + misrouted * 875),
    t === 21_000 ? 5000 : 0,
    index > 30 ? 7 : 0,
  );
});

/** Node records at x.25 and x.75 s; a1 is misrouted and receives `diverted` bytes/ms on its primary plane meanwhile. */
const received = (diverted: number): readonly HistoryRecord[] =>
  ['a1', 'a2', 'a3', 'a4'].flatMap((id) =>
    Array.from({ length: 80 }, (_, index) => {
      const t = 10_250 + index * 500;
      const misrouted = Math.min(Math.max(t - 20_000, 0), 2000);
      const primary = id === 'a1' ? (t - 10_000) * 100 + misrouted * (diverted - 100) : (t - 10_000) * 5000;
      const frames = { primary: framesOf(primary), replication: framesOf((t - 10_000) * 25) };
      return node(id, t, { interfaceBytes: frames });
    }),
  );

describe('queues', () => {
  test('rates before, during and after the fault, peak, drops and backlog', () => {
    const [, replication] = measureQueues(frameWith(QUEUE));
    expect(replication).toMatchObject({
      router: 'a-replication',
      baselineMbit: 1,
      faultMbit: 8,
      afterMbit: 1,
      peakMbit: 8,
      peakUtilisation: 1,
      drops: 7,
      maxBacklogBytes: 5000,
      reason: null,
    });
  });
  test('a full frame of 1,514 bytes carries 1,448 of payload', () => {
    const full = [queue('a-replication', 10_000, 0), queue('a-replication', 20_000, 1_514_000)];
    // 1,448,000 bytes in ten seconds.
    expect(measureQueues(frameWith(full))[1]?.baselineMbit).toBe(1.158);
  });
  test('a router without samples has a reason, not 0 Mbit/s', () => {
    expect(measureQueues(frameWith([]))[0]).toMatchObject({
      baselineMbit: null,
      peakMbit: null,
      reason: expect.any(String),
    });
  });
});

describe('the misroute’s dose', () => {
  test('bytes through the queue, against the baseline and against the nodes’ sockets', () => {
    // Four nodes receive 25 B/ms natively, a1 900 B/ms more: 1,000 B/ms, as much as the queue sends.
    expect(measureDose(frameWith([...QUEUE, ...received(900)])).misroute).toEqual({
      seconds: 2,
      misroutedBytes: 2_000_000,
      baselineBytes: 250_000,
      queueMbit: 8,
      receivedMbit: 8,
      receivedOverQueue: 1,
      excessBytes: null,
      expectedBytes: null,
      restored: true,
      reason: null,
    });
  });
  test('bytes that took the primary network after all show', () => {
    expect(measureDose(frameWith([...QUEUE, ...received(1900)])).misroute?.receivedOverQueue).toBe(2);
  });
  test('acknowledgements beside the queue, which nodes receive too, are none of it', () => {
    const beside = (mbit: number): HistoryRecord => ({
      ...{ kind: 'dose', t: 21_990, source: 'harness', fault: 'misroute-1', what: 'beside the queue' },
      ...{ unit: 'Mbit/s', asked: null, measured: mbit, bound: 'equal' },
    });
    // A tenth of 8 Mbit/s of payload, as frames.
    const records = [...QUEUE, ...received(1000), beside(0.8 * (1514 / 1448))];
    expect(measureDose(frameWith(records)).misroute).toMatchObject({ receivedMbit: 8, receivedOverQueue: 1 });
  });
  test('nodes that tell at other instants than the misrouted one, and receive in its stead, do not change the ratio', () => {
    // From 21.25 s on a2 receives natively what a1 received until then; its records are at x.0 and x.5 s.
    const shifting = Array.from({ length: 160 }, (_, index) => {
      const [id, t] = index < 80 ? ['a1', 10_250 + index * 500] : ['a2', 10_000 + (index - 80) * 500];
      const [early, late] = [Math.min(Math.max(t - 20_000, 0), 1250), Math.min(Math.max(t - 21_250, 0), 750)];
      const replication = (t - 10_000) * 25 + (id === 'a2' ? late * 900 : 0);
      const primary = id === 'a1' ? early * 900 : (t - 10_000) * 5000;
      return node(id, t, { interfaceBytes: { primary: framesOf(primary), replication: framesOf(replication) } });
    });
    const others = received(900).filter(({ source }) => source !== 'a1' && source !== 'a2');
    expect(measureDose(frameWith([...QUEUE, ...shifting, ...others])).misroute?.receivedOverQueue).toBe(1);
  });
  test('one shorter than the stats interval is proved by what crossed the queue beyond the baseline', () => {
    // Routes restored after 0.4 s, queue empty after 1 s: the queue sends 900 B/ms more than usual in that second.
    const short = Array.from({ length: 121 }, (_, index) => {
      const t = 10_000 + index * 250;
      return queue('a-replication', t, framesOf((t - 10_000) * 100 + Math.min(Math.max(t - 20_000, 0), 1000) * 900));
    });
    const others = smallRun().filter((record) => record.kind !== 'trigger.end');
    const records = [...others, triggerEnd(20_400, 21_000), ...short, ...received(100)];
    expect(measureDose(frameOf(smallPlan(), new History(records))).misroute).toMatchObject({
      seconds: 0.4,
      receivedOverQueue: null,
      excessBytes: 900_000,
      // a1 usually receives 100 B/ms on its primary plane.
      expectedBytes: 40_000,
      reason: expect.stringContaining('too short'),
    });
  });
  test('no misroute is null', () => {
    const frame = frameWith([]);
    expect(measureDose({ ...frame, trigger: { ...frame.trigger, faults: [] } }).misroute).toBeNull();
  });
});

test('copies: rate over the time they were under way, ÷ what other traffic left', () => {
  // One copy from 24 s to 28 s, 90 B/ms of the queue's 125; capacity 1,000.
  const copying = Array.from({ length: 80 }, (_, index) => {
    const t = 10_000 + index * 500;
    return node('a3', t, { copyReceivedBytes: Math.min(Math.max(t - 24_000, 0), 4000) * 90 });
  });
  const frame = frameWith([
    ...QUEUE,
    ...copying,
    volume('va1', 'partner-lost', 21_000, 'a1', { peer: 'a2' }),
    volume('va1', 'elected', 24_000, 'a1', { epoch: 2, peer: 'a3' }),
    volume('va1', 'confirmed', 28_000, 'a1', { epoch: 2, peer: 'a3' }),
  ]);
  expect(measureCopy(frame, volumeStates(frame, 'use1-a'), { startT: 22_500, endT: 50_000 })).toEqual({
    bytesResynced: 360_000,
    copyingSeconds: 4,
    copyMbit: 0.72,
    residualMbit: 7.72,
    shareOfResidual: 0.0933,
    reason: null,
  });
});

test('search: attempts since the trigger, peak second, amplification, refused share', () => {
  const searching = Array.from({ length: 80 }, (_, index) => {
    const t = 10_000 + index * 500;
    const attempts = Math.min(Math.max(t - 21_000, 0), 3000) / 10;
    return node('a1', t, { searchAttempts: attempts, searchRefused: attempts * 0.9 });
  });
  const frame = frameWith([
    ...searching,
    volume('va1', 'partner-lost', 21_000, 'a1'),
    volume('va4', 'partner-lost', 21_000, 'a4'),
  ]);
  expect(measureSearch(frame, measureLoss(frame))).toMatchObject({
    attempts: 300,
    attemptsBefore: 0,
    peakPerSecond: 100,
    refused: 270,
    refusedShare: 0.9,
    amplification: 150,
  });
});
