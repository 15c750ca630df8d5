import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { ACTION_SETTINGS, ACTIONS } from '../../../harness/action/catalogue.ts';
import { metricNames } from '../../../harness/check/resolve-metric.ts';
import { FAULTS, isCarriedOut } from '../../../harness/fault/catalogue.ts';
import { ACTION_NAMES } from '../../../harness/scenario/action-names.ts';
import { containerConfigOf } from '../../../harness/scenario/container-config-of.ts';
import { describePlan } from '../../../harness/scenario/describe-plan.ts';
import { metricNameOf } from '../../../harness/scenario/metric-name.ts';
import { readPlan } from '../../../harness/scenario/read-plan.ts';
import { planWith } from './draw.ts';

const faultSettings = new Map(FAULTS.filter(isCarriedOut).map(({ kind, settings }) => [kind, settings]));

test('every kind once, and measurements know them all', () => {
  expect(ACTIONS.map(({ kind }) => kind)).toEqual(ACTION_NAMES);
  expect(new Set(ACTION_NAMES).size).toBe(ACTION_NAMES.length);
  expect(metricNames(['use1-a'])).toContain('action.stopSearch.api.a.after');
  for (const name of ACTION_NAMES) expect(metricNames(['use1-a'])).toContain(`action.${metricNameOf(name)}.at`);
});

test.each(ACTIONS)(
  'the example of $kind is drawn, shown, and read back from the plan',
  async ({ kind, example, summary }) => {
    expect(Object.keys(parse(example) as object)).toEqual([kind]);
    expect(summary).toMatch(/^[a-z][^\n.]+[^.]$/);
    const plan = await planWith(`{ at: 2s, ${example} }`);
    const [action, ...others] = plan.phases[0]?.actions ?? [];
    expect(others).toEqual([]);
    expect(action).toMatchObject({ kind, id: `${kind}-1`, atSeconds: 2, zone: 'use1-a' });
    expect(ACTION_SETTINGS.get(kind)?.safeParse(action?.settings).success).toBe(true);
    expect(describePlan(plan)).toContain(`+2 s  ${kind}-1`);
    const text = JSON.stringify(plan);
    expect(readPlan('plan.json', text, { faultSettings, actionSettings: ACTION_SETTINGS })).toEqual(plan);
    // Where nobody does such an action, its plan is refused.
    expect(() => readPlan('plan.json', text, { faultSettings })).toThrow(`the action \`${kind}\``);
  },
);

test('times are drawn by the seed, and actions come in the order of their times', async () => {
  const actions = '{ at: { between: [1s, 9s] }, stop-search: { zone: use1-a } }, { cut-control: { zone: use1-a } }';
  const times = async (seed: number) =>
    (await planWith(actions, seed)).phases[0]?.actions.map(({ atSeconds }) => atSeconds);
  const [first = -1, second = -1] = (await times(1)) ?? [];
  expect(first).toBe(0);
  expect(second).toBeGreaterThanOrEqual(1);
  expect(second).toBeLessThanOrEqual(9);
  expect(await times(1)).toEqual([first, second]);
  expect(await times(2)).not.toEqual([first, second]);
});

test('spares have addresses and links from the start, and nobody but those who are sent to them knows them', async () => {
  const plan = await planWith('{ stop-search: { zone: use1-a } }');
  const spares = plan.containers.filter(({ role }) => role === 'spare').map(({ id }) => id);
  expect(spares).toEqual(['a9', 'a10']);
  expect(plan.links.filter(({ destination }) => destination === 'a9').length).toBeGreaterThan(10);
  for (const id of ['a1', 'control-plane']) {
    const config = containerConfigOf(plan, id);
    expect(
      Object.keys(config.links).filter((link) => spares.includes(link)),
      id,
    ).toEqual([]);
    expect(
      config.nodes.filter((node) => spares.includes(node)),
      id,
    ).toEqual([]);
  }
  expect(Object.keys(containerConfigOf(plan, 'a-instances').links)).toContain('a9');
  const spare = containerConfigOf(plan, 'a9');
  expect(spare.nodes).toEqual(['a1', 'a2', 'a3', 'a4', 'a5', 'a6', 'a7', 'a8', 'a9']);
  expect(Object.keys(spare.links)).not.toContain('a10');
  // Nothing is placed on them, and a fault of the zone's nodes does not mean them.
  expect(plan.volumes.filter(({ primary, mirror }) => spares.includes(primary) || spares.includes(mirror))).toEqual([]);
});
