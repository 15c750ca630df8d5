import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import type { Plan } from '../../harness/scenario/plan.ts';
import { newFolder, type Run, runScenario } from './cli.ts';
import { leftovers } from './leftovers.ts';

const TOUR = 'test/e2e/scenarios/tour.yaml';

let tour: Run;
beforeAll(async () => {
  tour = await runScenario(TOUR, ['--seed', '1']);
});

test('every fault of the tour did what it was asked for, as connections and bytes on its links show', () => {
  const { fabric, verdict } = tour.result;
  expect(verdict.problems).toEqual([]);
  expect(tour.code).toBe(0);
  const holds = fabric.experiences.map(({ fault, link, holds: as }) => [fault, link, as]);
  expect(holds).toEqual([
    ['cut-1', 'a1->a2@primary', true],
    ['cut-2', 'a4->a5@replication', true],
    ['cut-3', 'a1->a3@replication', true],
    ['delay-1', 'a3->a4@primary', true],
    ['cap-1', 'a2->a5@primary', true],
  ]);
  expect(fabric.capacities.map(({ fault, measuredMbit }) => [fault, measuredMbit !== null])).toEqual([
    ['cap-1', true],
    ['capacity-1', true],
  ]);
  const thin = fabric.capacities.find(({ fault }) => fault === 'capacity-1');
  expect(thin?.firstSecondMbit).toBeGreaterThan(0);
  expect((thin?.firstSecondMbit ?? 0) / (thin?.askedMbit ?? 0)).toBeLessThan(1.1);
  expect(fabric.leftBehind).toEqual([]);
  expect(fabric.replacedRouters).toEqual([]);
});

test('every path was measured before the run, and is within its tolerance', () => {
  const { paths, silentLinks } = tour.result.fabric;
  expect(paths).toHaveLength(4);
  for (const { deviation, rttP50Ms } of paths) {
    expect(Math.abs(deviation ?? 1)).toBeLessThan(0.05);
    expect(rttP50Ms).toBeGreaterThan(0);
  }
  expect(silentLinks).toEqual([]);
});

/** The tour's plan with fewer phases, and what `change` makes of it, as a file that can be run. */
async function planFile(phases: readonly string[], change: (plan: Plan) => Plan = (plan) => plan): Promise<string> {
  const plan = JSON.parse(await readFile(join(tour.folder, 'plan.json'), 'utf8')) as Plan;
  const kept = { ...plan, phases: plan.phases.filter(({ name }) => phases.includes(name)) };
  const file = `${await newFolder()}-plan.json`;
  await writeFile(file, JSON.stringify(change(kept), null, 2));
  return file;
}

test('a plan that is replayed applies the same faults to the same targets', async () => {
  const replayed = await runScenario(await planFile(['baseline', 'refuse', 'drop', 'settle']), []);
  expect(replayed.code).toBe(0);
  const plan = JSON.parse(await readFile(join(replayed.folder, 'plan.json'), 'utf8')) as Plan;
  const original = JSON.parse(await readFile(join(tour.folder, 'plan.json'), 'utf8')) as Plan;
  const faults = (one: Plan) => one.phases.flatMap((phase) => phase.faults);
  expect(faults(plan)).toEqual(faults(original).filter(({ id }) => ['cut-1', 'cut-3'].includes(id)));
  expect(plan.seed).toBe(1);
});

test('a fault that connections do not see as asked makes the run inconclusive, with what they saw', async () => {
  const file = await planFile(['baseline', 'refuse', 'settle'], (plan) => ({
    ...plan,
    phases: plan.phases.map((phase) => ({
      ...phase,
      faults: phase.faults.map((fault) => ({
        ...fault,
        experience: { open: 'silent', fresh: 'silent', addedRttMs: 0, capacityMbit: null },
      })),
    })),
  }));
  const { code, result } = await runScenario(file, []);
  expect(code).toBe(2);
  expect(result.verdict.problems).toMatchObject([
    { check: 'fabric', what: expect.stringMatching(/cut-1 on a1->a2@primary: .*silent and found closed.*refused/) },
  ]);
});

test('without the kernel’s queue Toxiproxy’s rates are shared out, and the result says so', async () => {
  // Rates are set anew ten times a second for each link that is in use, so only few are.
  const quiet = (plan: Plan): Plan => ({ ...plan, load: { ...plan.load, ioPerSecondPerVolume: 0.2 } });
  const file = await planFile(['baseline', 'refuse', 'settle'], quiet);
  const { result } = await runScenario(file, ['--shaping', 'toxiproxy']);
  const { fabric } = result;
  expect(fabric.shaping).toBe('toxiproxy');
  expect(fabric.shapingReason).toBe('asked for');
  // How exact it is, is calibrated elsewhere; a whole run keeps Toxiproxy's rates busy, and may saturate the machine.
  const thin = fabric.paths.find(({ router }) => router === 'a-replication');
  expect(Math.abs(thin?.deviation ?? 1)).toBeLessThan(0.05);
  for (const { deviation } of fabric.paths) expect(Math.abs(deviation ?? 1)).toBeLessThan(0.15);
  expect(fabric.experiences).toMatchObject([{ fault: 'cut-1', holds: true }]);
});

test('nothing is left', async () => {
  await expect.poll(leftovers, { timeout: 30_000, interval: 1_000 }).toEqual([]);
});
