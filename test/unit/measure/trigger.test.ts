import { describe, expect, test } from 'vitest';
import { checkDose } from '../../../harness/check/check-dose.ts';
import { History } from '../../../harness/history/history.ts';
import type { FaultRecord, HistoryRecord, RunStart } from '../../../harness/history/records.ts';
import { measureDose } from '../../../harness/measure/dose.ts';
import { frameOf } from '../../../harness/measure/frame.ts';
import { measureMachine } from '../../../harness/measure/load-on-machine.ts';
import { measureLoss } from '../../../harness/measure/loss.ts';
import { measureRun } from '../../../harness/measure/measure-run.ts';
import { describeTrigger, fewIds } from '../../../harness/measure/trigger.ts';
import type { PlanFault } from '../../../harness/scenario/plan.ts';
import { exit, node, phase, runStart, triggerEnd } from './record-builders.ts';
import { misrouteOf, planFault, smallPlan } from './small-plan.ts';

/** `cut-1 20 22`: applied at 20 s, reverted at 22 s. */
function fault(text: string, states: readonly FaultRecord['state'][] = ['applied', 'reverted']): HistoryRecord[] {
  const [id = '', ...times] = text.split(' ');
  return times.map((seconds, i) => ({
    kind: 'fault',
    source: 'harness',
    t: Number(seconds) * 1000,
    id,
    fault: id,
    state: states[i] ?? 'failed',
    detail: '',
  }));
}

const frameWith = (faults: readonly PlanFault[], ...records: readonly (readonly HistoryRecord[])[]) =>
  frameOf(
    smallPlan({ faults }),
    new History([...phase('baseline', 10_000, 20_000), ...phase('misroute', 20_000, 50_000), ...records.flat()]),
  );

describe('several faults', () => {
  const faults = [planFault('cut-1.1'), planFault('cut-1.2'), planFault('kill-1')];

  test('reach from the first applied to the last reverted, whatever was whole in between', () => {
    const { trigger, zeroT } = frameWith(faults, fault('cut-1.1 20 21'), fault('cut-1.2 23 29'), fault('kill-1 25 26'));
    expect(trigger).toMatchObject({ startT: 20_000, endT: 29_000, endReason: null });
    expect(zeroT).toBe(20_000);
    expect(describeTrigger(trigger)).toMatchObject({ seconds: 9, faults: ['cut-1.1', 'cut-1.2', 'kill-1'] });
  });

  test('one that was not reverted leaves no end', () => {
    const { trigger } = frameWith(faults, fault('cut-1.1 20 21'), fault('cut-1.2 23'), fault('kill-1 25 26'));
    expect(trigger).toMatchObject({ endT: null, endReason: 'the end of cut-1.2 was not proved' });
  });

  test('a skipped one is no part of the trigger, nor of the dose', () => {
    const skipped = fault('kill-1 30', ['skipped']);
    const frame = frameWith(faults, fault('cut-1.1 20 21'), fault('cut-1.2 23 29'), skipped);
    expect(frame.trigger).toMatchObject({
      startT: 20_000,
      endT: 29_000,
      faults: [{ id: 'cut-1.1' }, { id: 'cut-1.2' }],
    });
    expect(measureDose(frame).faults.map(({ id }) => id)).toEqual(['cut-1.1', 'cut-1.2']);
    const none = frameWith([planFault('kill-1')], skipped);
    expect(none.trigger).toMatchObject({ startT: null, startReason: 'every fault’s phase ended before its time' });
  });

  test('one that was skipped in a phase of a fixed length is a problem, and in any phase where nothing else was applied', () => {
    const skipped = (id: string) => fault(`${id} 22`, ['skipped']);
    const problemsIn = (fixed: boolean, ...records: readonly HistoryRecord[][]) => {
      const plan = smallPlan({ faults: records.map(([first]) => planFault((first as FaultRecord).id)) });
      const phases = plan.phases.map((one) => (fixed ? one : { ...one, until: 'mirrored' as const, atMostSeconds: 9 }));
      const all = [...phase('baseline', 10_000, 20_000), ...phase('misroute', 20_000, 22_000), ...records.flat()];
      const measured = measureRun({ ...plan, phases }, all);
      return { problems: checkDose(measured).map(({ what }) => what), skipped: measured.dose.skipped };
    };
    const words = 'kill-1: planned, and its phase ended first';
    const { problems, skipped: told } = problemsIn(true, fault('cut-1 20 21'), skipped('kill-1'));
    expect(problems).toEqual([words]);
    expect(told).toEqual([{ id: 'kill-1', phase: 'misroute', fixed: true }]);
    expect(problemsIn(false, fault('cut-1 20 21'), skipped('kill-1'))).toEqual({
      problems: [],
      skipped: [{ id: 'kill-1', phase: 'misroute', fixed: false }],
    });
    expect(problemsIn(false, skipped('kill-1')).problems).toEqual([`${words}, and no fault was applied`]);
    expect(problemsIn(true, fault('cut-1 20 21'))).toEqual({ problems: [], skipped: undefined });
  });

  test('of very many that are open a few are named', () => {
    const many = Array.from({ length: 200 }, (_, i) => planFault(`cut-${i + 1}`));
    const { trigger } = frameWith(many, ...many.map(({ id }) => fault(`${id} 20`)));
    expect(trigger.endReason).toBe('the end of cut-1, cut-2, cut-3, cut-4, cut-5, cut-6 and 194 more was not proved');
    expect(fewIds(['a', 'b', 'c', 'd', 'e', 'f'])).toBe('a, b, c, d, e, f');
  });

  test('the zone is that of the first fault in a zone with volumes', () => {
    const zones = ['region', null, 'use1-b', 'use1-a'].map((zone, i) =>
      planFault(`kill-${i}`, { targets: { zone, routers: [], links: [], containers: [] } }),
    );
    expect(frameWith(zones).zone).toBe('use1-b');
    expect(frameWith([]).zone).toBe('use1-a');
  });
});

describe('misroutes', () => {
  const twice = [misrouteOf(['a1']), misrouteOf(['a2'], 'misroute-2')];
  const both = [fault('misroute-1 20 22'), fault('misroute-2 30 33')];

  test('end when what they left in the queue is gone, each with a proof of its own', () => {
    const proved = frameWith(twice, ...both, [triggerEnd(22_000, 23_000), triggerEnd(33_000, 34_500)]);
    expect(proved.trigger).toMatchObject({ endT: 34_500, routesRestoredT: 33_000, drainedT: 34_500 });
    expect(describeTrigger(proved.trigger)).toMatchObject({ seconds: 14.5, drainSeconds: 1.5 });
    const half = frameWith(twice, ...both, [triggerEnd(22_000, 23_000)]);
    expect(half.trigger).toMatchObject({ endT: null, endReason: 'the end of misroute-2 was not proved' });
  });

  test('are matched with their proofs by name: where the first is not proved, it is the first that is told', () => {
    const second = { ...triggerEnd(33_000, 34_500), fault: 'misroute-2' } as HistoryRecord;
    expect(frameWith(twice, ...both, [second]).trigger.endReason).toBe('the end of misroute-1 was not proved');
    const first = { ...triggerEnd(22_000, 23_000), fault: 'misroute-1' } as HistoryRecord;
    expect(frameWith(twice, ...both, [first, second]).trigger.endReason).toBeNull();
  });

  test('without queues of the kernel, end when they are reverted', () => {
    const start: HistoryRecord = { ...(runStart(9_000) as RunStart), shaping: 'toxiproxy', shapingReason: 'no tc' };
    expect(frameWith(twice, ...both, [start]).trigger).toMatchObject({ endT: 33_000, endReason: null });
    expect(frameWith(twice, ...both).trigger.endT).toBeNull();
  });

  test('the dose is that of the longest, in its own time', () => {
    const frame = frameWith(twice, ...both, [triggerEnd(22_000, 23_000), triggerEnd(33_000, 34_500)]);
    expect(measureDose(frame).misroute).toMatchObject({ seconds: 3, restored: true });
  });

  test('a cut that lasts longer ends the trigger; the drain is still the misroute’s', () => {
    const frame = frameWith([misrouteOf(['a1']), planFault('cut-1')], fault('misroute-1 20 22'), fault('cut-1 20 40'), [
      triggerEnd(22_000, 23_000),
    ]);
    expect(describeTrigger(frame.trigger)).toMatchObject({ seconds: 20, drainSeconds: 1, routesRestoredAtSeconds: 2 });
    expect(measureDose(frame).misroute).toMatchObject({ seconds: 2 });
  });
});

describe('begin and length', () => {
  const dose = (what: string, asked: number | null, measured: number, more = {}): HistoryRecord => ({
    ...{ kind: 'dose', t: 30_000, source: 'harness', fault: 'cut-1', unit: 's', bound: 'equal' },
    ...{ what, asked, measured, ...more },
  });
  const problems = (...records: HistoryRecord[]): string[] => {
    const run = [...phase('baseline', 10_000, 20_000), ...phase('misroute', 20_000, 50_000), ...fault('cut-1 20 23')];
    const measured = measureRun(smallPlan({ faults: [planFault('cut-1')] }), [...run, ...records]);
    return checkDose(measured).map(({ what }) => what);
  };

  test.each([
    ['a begin a quarter second off', dose('begin', 1, 1.25), null],
    ['a later one', dose('begin', 1, 1.26), /cut-1 began at 1.26 s of its phase, asked 1 ± 0.25 s/],
    ['a sooner one', dose('begin', 1, 0.7), /began at 0.7 s/],
    ['one at the phase’s own begin that is late', dose('begin', 0, 0.3), /began at 0.3 s/],
    ['one that waited', dose('begin', 0, 7, { note: 'it waited 7.0 s for cut-0' }), /it waited 7.0 s for cut-0$/],
    ['a length a tenth off', dose('length', 10, 10.99), null],
    ['a longer one', dose('length', 10, 11.2), /was in force for 11.2 s, asked 10 ± 1 s/],
    ['a shorter one', dose('length', 10, 8.9), /was in force for 8.9 s/],
    ['a short one 50 ms off', dose('length', 0.2, 0.249), null],
    ['a short one 60 ms off', dose('length', 0.2, 0.26), /asked 0.2 ± 0.05 s/],
    ['the same with targets 20 ms apart', dose('length', 0.2, 0.26, { spread: 0.02 }), null],
    ['targets that are seconds apart', dose('length', 2, 1, { spread: 3 }), /asked 2 ± 0.3 s/],
    ['a length that nobody asked for', dose('length', null, 7), null],
  ] as const)('%s', (_, record, words) => {
    expect(problems(record)).toEqual(words === null ? [] : [expect.stringMatching(words)]);
  });

  test('a history without them, as older ones are, is judged as it was', () => {
    expect(problems()).toEqual([]);
  });
});

describe('what faults foretell and excuse', () => {
  const lossOf = (...faults: readonly PlanFault[]) => measureLoss(frameWith(faults)).predictedVolumesLosingPartner;
  const losing = (id: string, nodes: readonly string[] | null) => planFault(id, { losesPartnersOf: nodes });

  test('volumes on any node that its peers lose, or nothing when one fault tells nothing', () => {
    expect(lossOf(losing('kill-1', ['a1']))).toBe(2);
    expect(lossOf(losing('kill-1', ['a1']), losing('pause-1', ['a2']))).toBe(3);
    expect(lossOf(losing('kill-1', ['a1']), losing('delay-1', null))).toBeNull();
    expect(lossOf()).toBe(0);
  });

  const everyHalfSecond = (
    id: string,
    but: (t: number) => boolean = () => false,
    lag: (t: number) => number = () => 1,
  ) =>
    Array.from({ length: 90 }, (_, i) => 9_000 + i * 500)
      .filter((t) => !but(t))
      .map((t) => node(id, t, { lagP99Ms: lag(t) }));
  const others = ['a2', 'a3', 'a4', 'b1', 'b2'].flatMap((id) => everyHalfSecond(id));
  const machineOf = (faults: readonly PlanFault[], ...records: readonly (readonly HistoryRecord[])[]) => {
    const frame = frameWith(faults, others, ...records);
    return measureMachine(frame, frame.measured);
  };
  const silentOf = (...given: Parameters<typeof machineOf>) =>
    machineOf(...given).silent.filter(({ container }) => /^[ab]\d$/.test(container));
  const pause = planFault('pause-1', { silences: ['a1'] });
  const frozen = everyHalfSecond('a1', (t) => t > 20_000 && t < 30_100);

  test('the silence of a container that a fault silences, while it does', () => {
    expect(silentOf([planFault('cut-1')], fault('cut-1 20 30'), frozen)).toMatchObject([{ container: 'a1' }]);
    expect(silentOf([pause], fault('pause-1 20 30'), frozen)).toEqual([]);
    // Before the fault or after it, its silence is its own; so is that of somebody else meanwhile.
    expect(silentOf([pause], fault('pause-1 20 27'), frozen)).toEqual([
      { container: 'a1', seconds: 3.5, atSeconds: 7 },
    ]);
    expect(silentOf([pause], fault('pause-1 23 30'), frozen)).toEqual([{ container: 'a1', seconds: 3, atSeconds: -3 }]);
    expect(silentOf([{ ...pause, silences: ['a2'] }], fault('pause-1 20 30'), frozen)).toMatchObject([
      { container: 'a1', seconds: 10.5 },
    ]);
    // One that was never applied, or not yet, excuses nobody.
    expect(silentOf([pause], fault('pause-1', []), frozen)).toMatchObject([{ container: 'a1', seconds: 10.5 }]);
  });

  test('the silence of what a fault ended, until it is ready again and not for ever', () => {
    const kill = planFault('kill-1', { silences: ['a1'] });
    const died = exit('a1', 20_100, 137);
    const ready: HistoryRecord = { kind: 'ready', source: 'a1', t: 30_000, program: 'node', bootId: '' };
    expect(silentOf([kill], fault('kill-1 20 25'), [died, ready], frozen)).toEqual([]);
    expect(silentOf([kill], fault('kill-1 20 25'), [ready], frozen)).toMatchObject([{ seconds: 5.5, atSeconds: 5 }]);
    const gone = everyHalfSecond('a1', (t) => t > 20_000);
    expect(silentOf([kill], fault('kill-1 20 25'), [died], gone)).toEqual([
      { container: 'a1', seconds: 15, atSeconds: 15 },
    ]);
  });

  test('the lag of a container that a fault holds up, with the sample that its end lets out and no other', () => {
    const late = (at: number, ms: number) =>
      everyHalfSecond(
        'a1',
        (t) => t > 20_000 && t < 30_100,
        (t) => (t === at ? ms : 1),
      );
    const lagOf = (who: string, ...given: Parameters<typeof machineOf>) =>
      machineOf(...given).lag.find((lag) => lag.who === who);
    const thaw = late(30_500, 10_000);
    expect(lagOf('a1', [pause], fault('pause-1 20 30.2'), thaw)).toMatchObject({ maxMs: 1, excused: 1, lateShare: 0 });
    expect(lagOf('a1', [planFault('cut-1')], fault('cut-1 20 30.2'), thaw)).toMatchObject({ maxMs: 10_000 });
    // The lag of the thaw may be told by the record after it.
    expect(lagOf('a1', [pause], fault('pause-1 20 30.2'), late(31_000, 10_000))).toMatchObject({
      maxMs: 1,
      excused: 2,
    });
    expect(lagOf('a1', [pause], fault('pause-1 20 30.2'), late(31_500, 300))).toMatchObject({ maxMs: 300 });
    // In a sample of half a second 300 ms, of 29.5 s that count: 1 %.
    expect(lagOf('a1', [pause], fault('pause-1 20 30.2'), late(31_500, 300))?.lateShare).toBeCloseTo(0.3 / 29.5, 3);
    expect(lagOf('nodes', [pause], fault('pause-1 20 30.2'), thaw)).toMatchObject({ maxMs: 1, excused: 1 });
    expect(lagOf('a2', [pause], fault('pause-1 20 30.2'), thaw)).not.toHaveProperty('excused');
  });
});
