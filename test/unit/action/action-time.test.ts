import { describe, expect, test } from 'vitest';
import { ACTIONS } from '../../../harness/action/catalogue.ts';
import { FAULTS } from '../../../harness/fault/catalogue.ts';
import { loadScenario } from '../../../harness/scenario/load-scenario.ts';
import type { Plan } from '../../../harness/scenario/plan.ts';
import { planOf, planWith } from './draw.ts';

const STOP = '{ at: 2s, stop-search: { zone: use1-a } }';
const CUT = '{ at: 4s, cut-control: { zone: use1-a } }';

const times = ({ phases }: Plan, phase = 'p') =>
  phases.find(({ name }) => name === phase)?.actions.map(({ kind, atSeconds }) => [kind, atSeconds]);

const rowOf = ({ parameters }: Plan, name: string) => parameters.find((one) => one.name === name);

const refused = (actions: string, set: Record<string, string>): Promise<string> =>
  planWith(actions, 1, set).then(
    () => 'a plan was made',
    (error: Error) => error.message,
  );

describe('the time of an action is a parameter', () => {
  test('it moves the action, which then comes in its order, and stands in the plan', async () => {
    const plan = await planWith(`${STOP}, ${CUT}`, 1, { 'phases.p.stop-search.at': '7s' });
    expect(times(plan)).toEqual([
      ['cut-control', 4],
      ['stop-search', 7],
    ]);
    expect(rowOf(plan, 'phases.p.stop-search.at')).toMatchObject({ value: 7, unit: 's', origin: 'chosen' });
    expect(rowOf(plan, 'phases.p.cut-control.at')).toMatchObject({ value: 4, unit: 's' });
  });

  test('also where none is written: the begin of its phase', async () => {
    const actions = '{ stop-search: { zone: use1-a } }';
    expect(rowOf(await planWith(actions), 'phases.p.stop-search.at')).toMatchObject({ value: 0 });
    expect(times(await planWith(actions, 1, { 'phases.p.stop-search.at': '3s' }))).toEqual([['stop-search', 3]]);
  });

  test('not before its phase ends, and the message names where the time was given', async () => {
    const said = await refused(STOP, { 'phases.p.stop-search.at': '10s' });
    expect(said).toContain('--set phases.p.stop-search.at=10s:1:');
    expect(said).toContain('found 10 s, expected less than the 10 s of its phase');
    expect(await refused(STOP, { 'phases.p.stop-search.at': 'soon' })).toContain('found `soon`');
  });

  test('of presets, switches and `--set` the later layer wins', async () => {
    const text = [
      `phases:\n  - p: { for: 10s, actions: [${STOP}] }`,
      'presets: { loop: { phases.p.stop-search.at: 3s } }',
      'switches: { late: { origin: chosen, why: Late., set: { phases.p.stop-search.at: 5s } } }',
      '',
    ].join('\n');
    const at = async (set: Record<string, string>) => times(await planOf(text, 1, set))?.[0]?.[1];
    expect(await at({})).toBe(3);
    expect(await at({ late: 'true' })).toBe(5);
    expect(await at({ late: 'true', 'phases.p.stop-search.at': '6s' })).toBe(6);
  });

  test('a phase that is made shorter is refused where the time is written', async () => {
    const said = await refused(STOP, { 'phases.p.for': '2s' });
    expect(said).toContain('drawn.yaml:5:');
    expect(said).toContain('found 2 s, expected less than the 2 s of its phase');
  });

  test('who extends a scenario and has phases of their own inherits no times', async () => {
    const plan = await planOf(`phases:\n  - storm: { for: 10s, actions: [${CUT}] }\n`, 1, {}, 'ebs-2011-operated');
    expect(times(plan, 'storm')).toEqual([['cut-control', 4]]);
    expect(rowOf(plan, 'phases.storm.stop-search.at')).toBeUndefined();
  });

  test.each([
    { which: 'one that is drawn', actions: '{ at: { between: [1s, 9s] }, stop-search: { zone: use1-a } }' },
    { which: 'two of a kind', actions: `${STOP}, { at: 6s, stop-search: { zone: use1-b } }` },
  ])('$which has no such parameter, as one number would not say which time is meant', async ({ actions }) => {
    expect(rowOf(await planWith(actions), 'phases.p.stop-search.at')).toBeUndefined();
    const said = await refused(actions, { 'phases.p.stop-search.at': '3s' });
    expect(said).toContain('the parameter `phases.p.stop-search.at`');
  });
});

test('in `full`, where copies take longer, the steps of 2011 have the distances that they have elsewhere', async () => {
  const steps = async (preset: string) => {
    const options = { preset, seed: 1, overrides: {}, faults: FAULTS, actions: ACTIONS };
    return times(await loadScenario('ebs-2011-operated', options), 'storm') ?? [];
  };
  const [first, ...later] = await steps('half');
  const [firstOfFull, ...laterOfFull] = await steps('full');
  expect(firstOfFull).toEqual(first);
  const distances = later.map(([, at], i) => Number(laterOfFull[i]?.[1]) - Number(at));
  expect(later.map(([kind]) => kind)).toEqual(laterOfFull.map(([kind]) => kind));
  expect(new Set(distances)).toEqual(new Set([33]));
});
