import { expect, test } from 'vitest';
import { describePlan } from '../../../harness/scenario/describe-plan.ts';
import { loadScenario } from '../../../harness/scenario/load-scenario.ts';

test.each([
  ['ebs-2011', 'fast', {}],
  ['ebs-2011', 'full', { capacityBuffer: 'true' }],
  ['ebs-2011-null', 'fast', {}],
])('%s %s in 100 columns', async (name, preset, overrides) => {
  const text = describePlan(await loadScenario(name, { preset, seed: 1, overrides }));
  expect(text.split('\n').filter((line) => line.length > 100)).toEqual([]);
  expect(text.endsWith('\n')).toBe(true);
});

test('it says what the placement foretells, and when that is no storm', async () => {
  const options = { preset: 'fast', seed: 1 };
  const storm = describePlan(await loadScenario('ebs-2011', { ...options, overrides: {} }));
  expect(storm).toMatch(/D +28 {2}of them have a replica on a misrouted node/);
  expect(storm).toMatch(/F +16 {2}free slots/);
  expect(storm).toMatch(/\(D − F\) \/ V +20\.0 %/);
  expect(storm).not.toContain('foretells no storm');
  const calm = describePlan(await loadScenario('ebs-2011', { ...options, overrides: { capacityBuffer: 'true' } }));
  expect(calm).toContain('foretells no storm');
  expect(calm).toContain('--set capacityBuffer=true');
  expect(describePlan(await loadScenario('ebs-2011-null', { ...options, overrides: {} }))).toContain('No misroute');
});

test('whole numbers are shown exactly', async () => {
  const text = describePlan(await loadScenario('ebs-2011', { preset: 'fast', seed: 1, overrides: {} }));
  expect(text).toMatch(/storage\.volumeBytes +1441792 {2}bytes/);
});
