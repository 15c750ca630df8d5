import { expect, test } from 'vitest';
import { FAULTS } from '../../../harness/fault/catalogue.ts';
import { describePlan } from '../../../harness/scenario/describe-plan.ts';
import { loadScenario } from '../../../harness/scenario/load-scenario.ts';
import type { PlanFault, PlanPhase } from '../../../harness/scenario/plan.ts';

const plan = await loadScenario('ebs-2011', { preset: 'fast', seed: 1, overrides: {}, faults: FAULTS });

test.each([
  ['ebs-2011', 'fast', {}],
  ['ebs-2011', 'full', { capacityBuffer: 'true' }],
  ['ebs-2011-null', 'fast', {}],
])('%s %s in 100 columns', async (name, preset, overrides) => {
  const text = describePlan(await loadScenario(name, { preset, seed: 1, overrides, faults: FAULTS }));
  expect(text.split('\n').filter((line) => line.length > 100)).toEqual([]);
  expect(text.endsWith('\n')).toBe(true);
});

test('it says what the placement foretells, and when that is no storm', async () => {
  const options = { preset: 'fast', seed: 1, faults: FAULTS };
  const storm = describePlan(await loadScenario('ebs-2011', { ...options, overrides: {} }));
  expect(storm).toMatch(/D +27 {2}of them have a replica on a misrouted node/);
  expect(storm).toMatch(/F +20 {2}free slots/);
  expect(storm).toMatch(/\(D − F\) \/ V +17\.5 %/);
  expect(storm).not.toContain('foretells no storm');
  const calm = describePlan(await loadScenario('ebs-2011', { ...options, overrides: { capacityBuffer: 'true' } }));
  expect(calm).toContain('foretells no storm');
  expect(calm).toContain('--set capacityBuffer=true');
  expect(describePlan(await loadScenario('ebs-2011-null', { ...options, overrides: {} }))).toContain('No misroute');
});

test('whole numbers are shown exactly', async () => {
  const text = describePlan(plan);
  expect(text).toMatch(/storage\.volumeBytes +917504 {2}bytes/);
});

test('each fault of a phase with its time and how long it lasts, and of many the first', () => {
  const [first] = plan.phases[1]?.faults ?? [];
  if (first === undefined) throw new Error('no fault');
  const fault = (i: number) => ({ ...first, id: `cut-${i}`, description: `link ${i} stalled`, atSeconds: i / 2 });
  const withFaults = (faults: readonly PlanFault[]) =>
    describePlan({ ...plan, phases: [{ ...plan.phases[0], name: 'many', seconds: 90, faults } as PlanPhase] });
  const few = withFaults([
    { ...fault(4), forSeconds: 0.3 },
    { ...fault(5), forSeconds: null },
  ]);
  expect(few).toMatch(/^ {4}\+2 s for 0\.3 s {5}cut-4 {2}link 4 stalled$/m);
  expect(few).toMatch(/^ {4}\+2\.5 s to its end {2}cut-5 {2}link 5 stalled$/m);
  const many = withFaults(Array.from({ length: 100 }, (_, i) => fault(i)));
  expect(many).toContain('cut-11 ');
  expect(many).not.toContain('cut-12 ');
  expect(many).toContain('and 88 more, the last at +49.5 s');
});
