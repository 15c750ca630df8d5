import { expect, test } from 'vitest';
import type { HistoryRecord } from '../../../harness/history/records.ts';
import { analyze } from '../../../harness/report/analyze.ts';
import { renderTerminal } from '../../../harness/report/terminal.ts';
import { fewDescriptions } from '../../../harness/report/what-happened.ts';
import type { PlanFault } from '../../../harness/scenario/plan.ts';
import { crash, fault, phase } from '../measure/record-builders.ts';
import { MISROUTE, planFault, smallPlan } from '../measure/small-plan.ts';
import { smallRun } from '../measure/small-run.ts';

const told = (faults: readonly PlanFault[]) =>
  analyze(smallPlan({ faults }), [
    ...phase('baseline', 10_000, 20_000),
    ...phase('misroute', 20_000, 50_000),
    ...faults.flatMap(({ id }) => [fault(id, 'applied', 20_000), fault(id, 'reverted', 24_000)]),
  ]);

test('a fault in its own words', () => {
  const [sentence] = analyze(smallPlan(), smallRun()).whatHappened;
  expect(sentence).toMatch(/^For 2\.0 s, the bytes to a1 took the replication network: no node lost another/);
  expect(MISROUTE.description).toContain('a1');
});

test('who crashed, and what that took; nothing where nobody did', () => {
  expect(analyze(smallPlan(), smallRun()).whatHappened).toHaveLength(2);
  const told = analyze(smallPlan(), [...smallRun(), crash('a1', 30_000, 21), crash('a2', 32_000, 17)]).whatHappened[2];
  expect(told).toBe(
    'Closing many requests at once crashed 2 nodes (a1 after 10.0 s and a2 after 12.0 s), which took 6 slots and a ' +
      'replica of 3 volumes; 1 volume had no confirmed replica elsewhere at the end.',
  );
});

test('several, and the same one again and again', () => {
  const cuts = [1, 2, 3].map((i) => planFault(`cut-${i}`, { description: 'two links stalled' }));
  expect(told(cuts).whatHappened[0]).toMatch(/^Within 4\.0 s, two links stalled \(3 times\): /);
  const mixed = [...cuts, planFault('kill-1', { description: 'a1 was down' })];
  expect(told(mixed).whatHappened[0]).toMatch(/^Within 4\.0 s, two links stalled \(3 times\) and a1 was down: /);
});

test('one that was skipped was planned, and every output has a row of it', () => {
  const skip = (id: string): HistoryRecord => ({ ...fault(id, 'failed', 50_000), state: 'skipped' }) as HistoryRecord;
  const skipped = (...ids: readonly string[]) =>
    analyze(smallPlan({ faults: ids.map((id) => planFault(id)) }), [
      ...phase('baseline', 10_000, 20_000),
      ...phase('misroute', 20_000, 50_000),
      ...ids.map(skip),
    ]);
  const one = skipped('cut-1');
  expect(one.whatHappened[0]).toMatch(/^No fault was applied: cut-1 was planned, and its phase ended first; none of /);
  expect(renderTerminal(one)).toMatch(/^ {2}skipped in misroute +cut-1: planned, and its phase ended first$/m);
  expect(one.verdict.outcome).toBe('inconclusive');
  expect(skipped('cut-1', 'cut-2').whatHappened[0]).toContain('2 faults were planned, and their phases ended first');
});

test('of many unlike ones the first six and how many are left', () => {
  const many = Array.from({ length: 30 }, (_, i) => `link ${i} stalled`);
  expect(fewDescriptions([...many, 'link 0 stalled'])).toEqual([
    'link 0 stalled (2 times)',
    ...many.slice(1, 6),
    '24 more',
  ]);
});

test('of a thousand faults the report has a few rows, those that went wrong first', () => {
  const faults = Array.from({ length: 1000 }, (_, i) => planFault(`cut-${i}`));
  const result = told(faults);
  const wrong = result.dose.faults.map((one) => (one.id === 'cut-700' ? { ...one, failure: 'no answer' } : one));
  const text = renderTerminal({ ...result, dose: { ...result.dose, faults: wrong } });
  expect(text).toMatch(/^ {2}cut-700 +no answer$/m);
  expect(text).toMatch(/^ {2}and 994 more +all applied and reverted$/m);
  // Six faults and what the others came to, where the same run has its one.
  const ofOne = renderTerminal(told(faults.slice(0, 1))).split('\n').length;
  expect(text.split('\n').length).toBeLessThan(ofOne + 12);
  expect(text.split('\n').filter((line) => line.length > 100)).toEqual([]);
});
