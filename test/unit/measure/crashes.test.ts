import { describe, expect, test } from 'vitest';
import type { ElectionRecord, HistoryRecord } from '../../../harness/history/records.ts';
import { measureAgreement } from '../../../harness/measure/agreement.ts';
import { measureCrashes } from '../../../harness/measure/crashes.ts';
import { measureMachine } from '../../../harness/measure/load-on-machine.ts';
import { measureLoss } from '../../../harness/measure/loss.ts';
import { measureSearch } from '../../../harness/measure/search.ts';
import { measureSeries } from '../../../harness/measure/series.ts';
import { measureStorm } from '../../../harness/measure/storm.ts';
import { volumeStates } from '../../../harness/measure/volume-states.ts';
import { crash, exit, node, volume } from './record-builders.ts';
import { frameWith } from './small-run.ts';

const election = (
  id: string,
  t: number,
  event: ElectionRecord['event'],
  members: Pick<ElectionRecord, 'epoch' | 'primary' | 'mirror' | 'joining'>,
): ElectionRecord => ({ kind: 'election', source: 'control-plane', t, volume: id, event, ...members });

function measure(records: readonly HistoryRecord[]) {
  const frame = frameWith(records);
  const loss = measureLoss(frame);
  const storm = measureStorm(frame, loss.volumesLosingPartner, loss.freeSlotsBefore);
  const crashes = measureCrashes(frame, measureSearch(frame, loss));
  const agreement = measureAgreement(frame, loss, storm).find(({ what }) => what === 'crashed nodes');
  return { frame, storm, agreement, result: crashes.result, quarantined: crashes.quarantined };
}

/** By hand, in the small plan: va1 is on a1 and a2, va2 on a2 and a3, va3 on a3 and a4, va4 on a4 and a1. */
const CRASHED = [crash('a1', 30_000, 21), exit('a1', 30_040, 86)];

describe('one crash', () => {
  const { result, quarantined, agreement } = measure([
    ...CRASHED,
    node('a1', 29_900, { closesPeak: 20, racyCloses: 40, searchAttempts: 300 }),
    node('a1', 20_000, { closesPeak: 9, racyCloses: 30 }),
    node('a2', 29_900, { closesPeak: 12 }),
  ]);

  test('who, when, how many closes, and with what exit code', () => {
    expect(result.crashes).toEqual([
      { node: 'a1', atSeconds: 10, closesInWindow: 21, replicas: 2, exitCode: 86, volumesDegraded: 2 },
    ]);
    expect(result).toMatchObject({ nodesCrashed: 1, volumesDegraded: 2, volumesUnrecoverable: 0 });
  });

  test('its slots are in quarantine from then on', () => {
    expect([29_999, 30_000, 49_000].map((t) => quarantined.at(t))).toEqual([0, 3, 3]);
    expect(result.peakQuarantinedSlots).toBe(3);
  });

  test('how near each node came to the race', () => {
    expect(result).toMatchObject({ closesPeak: 20, racyCloses: 10, racyShare: 0.0333 });
    expect(result.closesPeakByNode).toContainEqual({ node: 'a2', closesPeak: 12, racyCloses: 0 });
  });

  test('the node and the engine agree', () => {
    expect(agreement).toMatchObject({ oneValue: 1, otherValue: 1, agree: true });
  });
});

test('where only one of the two tells of a crash, it counts, and they disagree', () => {
  const byNode = measure([crash('a1', 30_000, 21)]);
  expect(byNode.result.crashes).toMatchObject([{ node: 'a1', exitCode: null }]);
  expect(byNode.agreement).toMatchObject({ oneValue: 1, otherValue: 0, agree: false });
  const byEngine = measure([exit('a1', 30_040, 86)]);
  expect(byEngine.result.crashes).toMatchObject([{ node: 'a1', atSeconds: 10.04, closesInWindow: null }]);
  expect(byEngine.agreement).toMatchObject({ oneValue: 0, otherValue: 1, agree: false });
});

test('a killed node has not crashed, and neither has one that is taken down', () => {
  const { result, agreement } = measure([exit('a1', 30_000, 137), crash('a2', 53_000, 30)]);
  expect(result).toMatchObject({ nodesCrashed: 0, crashes: [], peakQuarantinedSlots: 0 });
  expect(agreement).toMatchObject({ oneValue: 0, otherValue: 0, agree: true });
});

test('the joining node counts among those that lose a replica; one that was left behind does not', () => {
  const elected = election('va2', 25_000, 'elected', { epoch: 2, primary: 'a2', mirror: null, joining: 'a1' });
  expect(measure([...CRASHED, elected]).result.crashes[0]?.volumesDegraded).toBe(3);
  const moved = election('va1', 25_000, 'promoted', { epoch: 2, primary: 'a2', mirror: null, joining: null });
  expect(measure([...CRASHED, moved]).result.crashes[0]?.volumesDegraded).toBe(1);
});

describe('unrecoverable', () => {
  const BOTH = [...CRASHED, crash('a2', 32_000, 16), exit('a2', 32_010, 86)];
  const unrecoverable = (...records: readonly HistoryRecord[]) => measure(records).result.volumesUnrecoverable;

  test('both confirmed replicas on crashed nodes', () => {
    expect(unrecoverable(...BOTH)).toBe(1);
  });

  test('not, if the survivor was mirrored elsewhere in between', () => {
    const promoted = election('va1', 31_000, 'promoted', { epoch: 2, primary: 'a2', mirror: null, joining: null });
    const elected = election('va1', 31_100, 'elected', { epoch: 3, primary: 'a2', mirror: null, joining: 'a4' });
    const confirmed = election('va1', 31_900, 'confirmed', { epoch: 3, primary: 'a2', mirror: 'a4', joining: null });
    expect(unrecoverable(...BOTH, promoted, elected, confirmed)).toBe(0);
    // A copy under way may lack acknowledged writes: nobody may serve from it.
    expect(unrecoverable(...BOTH, promoted, elected)).toBe(1);
    // And neither from the copy that was left behind at a1, the second crash or not.
    expect(unrecoverable(crash('a2', 32_000, 16), promoted, elected)).toBe(1);
  });

  test('it is stuck by the nodes too, though none of them can say so', () => {
    const { frame, storm } = measure([crash('a1', 30_000, 21), crash('a2', 30_200, 16)]);
    expect([29_999, 30_000, 30_200, 45_000].map((t) => storm.states.stuck.at(t))).toEqual([0, 1, 2, 2]);
    expect(volumeStates(frame, 'use1-b').stuck.at(45_000)).toBe(0);
  });
});

test('a crashed primary’s volume is stuck from the crash until its mirror is elected with a new node', () => {
  const { storm } = measure([
    ...CRASHED,
    volume('va1', 'partner-lost', 30_800, 'a2', { role: 'mirror', peer: 'a1' }),
    volume('va1', 'promoted', 31_600, 'a2', { epoch: 2 }),
    volume('va1', 'elected', 31_700, 'a2', { epoch: 3, peer: 'a4' }),
    volume('va1', 'confirmed', 35_000, 'a2', { epoch: 3, peer: 'a4' }),
  ]);
  expect([29_999, 30_000, 31_699, 31_700].map((t) => storm.states.stuck.at(t))).toEqual([0, 1, 1, 0]);
  expect([31_700, 34_999, 35_000].map((t) => storm.states.degraded.at(t))).toEqual([1, 1, 0]);
});

test('a mirror that is gone back to mirrors the volume again', () => {
  const { storm } = measure([
    volume('va1', 'partner-lost', 21_000, 'a1', { peer: 'a2' }),
    volume('va1', 'partner-lost', 21_050, 'a2', { role: 'mirror', peer: 'a1' }),
    volume('va1', 'reattached', 23_000, 'a1', { peer: 'a2' }),
  ]);
  expect([21_000, 22_999, 23_000].map((t) => storm.states.stuck.at(t))).toEqual([1, 1, 0]);
  expect(storm.states.unmirrored.at(23_000)).toBe(0);
});

test('nothing is expected of a crashed node: it is not silent, and has no free slot', () => {
  const told = ['a1', 'a2', 'a3', 'a4'].flatMap((id) =>
    Array.from({ length: 80 }, (_, index) => node(id, 10_200 + index * 500)).filter(
      ({ t }) => id !== 'a1' || t < 30_000,
    ),
  );
  const silent = (records: readonly HistoryRecord[]) =>
    measureMachine(frameWith(records), { startT: 20_000, endT: 50_000 }).silent.map(({ container }) => container);
  expect(silent(told)).toContain('a1');
  expect(silent([...told, ...CRASHED])).not.toContain('a1');
  // One that stopped telling long before it crashed was silent all the same.
  expect(silent([...told, crash('a1', 40_000, 21)])).toContain('a1');

  const frame = frameWith([...told, ...CRASHED]);
  const storm = measureStorm(frame, 0, null);
  const { quarantined } = measureCrashes(frame, measureSearch(frame, measureLoss(frame)));
  const { at, free, quarantined: slots } = measureSeries(frame, storm, quarantined).freeSlots;
  const [before, after] = [at.indexOf(9), at.indexOf(11)];
  expect([free[before], slots[before], free[after], slots[after]]).toEqual([4, 0, 3, 3]);
});
