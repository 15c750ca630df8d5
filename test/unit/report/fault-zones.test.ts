import { describe, expect, test } from 'vitest';
import { faultZones } from '../../../harness/measure/fault-zones.ts';
import { analyze } from '../../../harness/report/analyze.ts';
import type { Result } from '../../../harness/report/result-schema.ts';
import { sectionsOf } from '../../../harness/report/sections.ts';
import type { Plan, PlanFault } from '../../../harness/scenario/plan.ts';
import { realisticRun } from '../measure/realistic-run.ts';
import { MISROUTE, planFault } from '../measure/small-plan.ts';

const run = realisticRun();
const link = (id: string, router: string) => {
  const at = { ip: '198.18.0.2', port: 1 };
  return { id, source: 'b1', destination: 'b2', plane: 'primary', router, listen: at, upstream: at } as const;
};
const plan: Plan = { ...run.plan, links: [link('b1->b2@primary', 'b-primary')] };
const NOTHING: PlanFault['targets'] = { zone: null, routers: [], links: [], containers: [] };
const aimed = (targets: Partial<PlanFault['targets']>) => planFault('kill-1', { targets: { ...NOTHING, ...targets } });

const zonesOf = (...faults: readonly PlanFault[]) => faultZones(plan, faults);

/** With these faults, and numbers of every router's queue. */
function resultOf(...faults: readonly PlanFault[]): Result {
  const phases = plan.phases.map((phase) => (phase.name === 'misroute' ? { ...phase, faults } : phase));
  const result = analyze({ ...plan, phases }, run.records);
  return { ...result, queues: result.queues.map((queue) => ({ ...queue, faultMbit: 1 })) };
}
const labels = (result: Result, section: 'Storm' | 'Dose') =>
  sectionsOf(result)
    .find(({ title }) => title === section)
    ?.rows.map(([label]) => label) ?? [];
const storms = (result: Result) => labels(result, 'Storm').filter((label) => label.startsWith('use1-'));
const queues = (result: Result) =>
  labels(result, 'Dose').filter((label) => /^[ab]-(?:primary|replication)$/.test(label));

describe('zones that a fault is aimed at', () => {
  test.each([
    ['its own', aimed({ zone: 'use1-b' })],
    ['of a router', aimed({ routers: ['b-replication'] })],
    ['of a container', aimed({ containers: ['b1'] })],
    ['of the router that a link goes through', aimed({ links: ['b1->b2@primary'] })],
  ])('%s', (_name, fault) => {
    expect(zonesOf(fault)).toEqual(['use1-b']);
    expect(zonesOf(fault, MISROUTE)).toEqual(['use1-a', 'use1-b']);
  });

  test('none of a fault of the region, and none without one', () => {
    expect(zonesOf(aimed({ containers: ['control-plane'] }))).toEqual([]);
    expect(zonesOf()).toEqual([]);
  });
});

describe('the report', () => {
  test('says of another zone whether a fault was aimed there, and shows the queues of both', () => {
    const both = resultOf(MISROUTE, aimed({ links: ['b1->b2@primary'] }));
    expect(storms(both)).toEqual(['use1-b, a fault aimed there too']);
    expect(queues(both)).toEqual(['a-primary', 'a-replication', 'b-primary', 'b-replication']);
  });

  test('of one zone shows the queues of that one, be it the first of the plan or not', () => {
    const first = resultOf(MISROUTE);
    expect(storms(first)).toEqual(['use1-b, no fault there']);
    expect(queues(first)).toEqual(['a-primary', 'a-replication']);
    const second = resultOf(aimed({ zone: 'use1-b', containers: ['b1'] }));
    expect(storms(second)).toEqual(['use1-a, no fault there']);
    expect(queues(second)).toEqual(['b-primary', 'b-replication']);
  });

  test('of a fault of the region shows the queues of the zone that it tells of', () => {
    expect(queues(resultOf(aimed({ containers: ['control-plane'] })))).toEqual(['a-primary', 'a-replication']);
  });
});
