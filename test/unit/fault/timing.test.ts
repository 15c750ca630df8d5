import { expect, test } from 'vitest';
import { z } from 'zod';
import { FAULTS } from '../../../harness/fault/catalogue.ts';
import { drawn, drawnOne, planOf, problemsOf } from './draw.ts';

const kill = 'kill: { zone: use1-a, nodes: { pick: 1 } }';
const SEEDS = Array.from({ length: 30 }, (_, i) => i + 1);

test('at once and to the end of the phase, when nothing is said', async () => {
  expect(await drawnOne(kill)).toMatchObject({ id: 'kill-1', atSeconds: 0, forSeconds: null });
});

test('at and for', async () => {
  expect(await drawnOne(`{ ${kill}, at: 2.5s, for: 300ms }`)).toMatchObject({ atSeconds: 2.5, forSeconds: 0.3 });
});

test('between: whole milliseconds of the stretch, by the seed, without changing the targets', async () => {
  const times: number[] = [];
  for (const seed of SEEDS) {
    const fault = await drawnOne(`{ ${kill}, at: { between: [2s, 6s] } }`, seed);
    expect(fault.targets).toEqual((await drawnOne(kill, seed)).targets);
    expect(Number.isInteger(Math.round(fault.atSeconds * 1e6) / 1e3)).toBe(true);
    times.push(fault.atSeconds);
  }
  expect(Math.min(...times)).toBeGreaterThanOrEqual(2);
  expect(Math.max(...times)).toBeLessThanOrEqual(6);
  expect(Math.max(...times) - Math.min(...times)).toBeGreaterThan(2);
  expect(new Set(times).size).toBe(SEEDS.length);
});

test('every and times: an id each, targets drawn anew, the first as if there were one', async () => {
  const repeated = `{ ${kill}, at: 1s, for: 500ms, every: 2s, times: 4 }`;
  const faults = await drawn(repeated);
  expect(faults.map(({ id, atSeconds, forSeconds }) => [id, atSeconds, forSeconds])).toEqual([
    ['kill-1', 1, 0.5],
    ['kill-2', 3, 0.5],
    ['kill-3', 5, 0.5],
    ['kill-4', 7, 0.5],
  ]);
  expect(new Set(faults.map(({ targets }) => targets.containers.join())).size).toBeGreaterThan(1);
  expect(faults[0]?.targets).toEqual((await drawnOne(kill)).targets);
  expect(await drawn(repeated)).toEqual(faults);
  expect(await drawn(repeated, 2)).not.toEqual(faults);
});

test('between with times: each is drawn by itself, around its turn', async () => {
  const faults = await drawn(`{ ${kill}, at: { between: [0s, 1s] }, for: 500ms, every: 2s, times: 4 }`);
  const within = faults.map(({ atSeconds }, i) => atSeconds - 2 * i);
  for (const time of within) expect(time).toBeGreaterThanOrEqual(0);
  for (const time of within) expect(time).toBeLessThanOrEqual(1);
  expect(new Set(within).size).toBe(4);
});

test('a phase’s faults stand in the order of their times', async () => {
  const plan = await planOf([
    `for: 10s, faults: [{ ${kill}, at: 5s }, { pause: { containers: [b1] }, at: 1s }, { cpu: { containers: [b2], to: 0.5 }, at: 5s }]`,
  ]);
  expect(plan.phases[0]?.faults.map(({ id }) => id)).toEqual(['pause-1', 'kill-1', 'cpu-1']);
});

test('ids count each kind over all phases', async () => {
  const plan = await planOf([
    `for: 5s, faults: [{ ${kill} }, { kill: { containers: [control-plane] } }]`,
    'for: 5s, faults: [{ kill: { containers: [b1] } }, { misroute: { zone: use1-b, nodes: [b2], connections: closed } }]',
  ]);
  expect(plan.phases.flatMap(({ faults }) => faults.map(({ id }) => id))).toEqual([
    'kill-1',
    'kill-2',
    'kill-3',
    'misroute-1',
  ]);
});

test('times that cannot be', async () => {
  const of = (when: string) => problemsOf(`{ ${kill}, ${when} }`);
  expect(await of('at: { between: [5s, 2s] }')).toEqual(['5 found 2 s, expected at least 5 s']);
  expect(await of('for: 3s, every: 2s, times: 2')).toEqual([
    '5 found again after 2 s what lasts 3 s, expected at least 3 s',
  ]);
  // Two of them may be drawn as near as 2.5 s to one another.
  expect(await of('at: { between: [0s, 500ms] }, for: 2.8s, every: 3s, times: 2')).toEqual([
    '5 found again after 3 s what lasts 2.8 s, expected at least 3.3 s',
  ]);
  expect(await of('for: 0s')).toEqual(['5 found 0 s, expected a duration above 0']);
  expect(await of('for: soon')).toEqual([expect.stringContaining('5 found `soon`')]);
  expect(await problemsOf('{ flap: { links: ["a1->a2@*"], kind: stall, down: 1s, up: 1s }, for: 0s }')).toEqual([
    '5 found 0 s, expected a duration above 0',
  ]);
  expect(await of('for: 1s, every: 2s')).toEqual([expect.stringContaining('expected `every` and `times` together')]);
  expect(await of('every: 2s, times: 2')).toEqual(['5 found `every` without `for`, expected `for` with it']);
  expect(await of('for: 1s, every: 2s, times: 1')).toEqual([
    expect.stringContaining('found 1, expected a whole number above 1'),
  ]);
  expect(await of('at: 2')).toEqual([expect.stringContaining('expected a duration with its unit, like 2.5s')]);
  expect(await of('at: 10s')).toEqual(['5 found 10 s, expected less than the 10 s of its phase']);
  expect(await of('at: 1s, for: 1s, every: 3s, times: 4')).toEqual([
    '5 found 4 times, the last at 10 s, expected less than the 10 s of its phase',
  ]);
});

test('a phase of no length has no time for a fault', async () => {
  const refused = ['5 found a kill in a phase of 0 s, expected a phase that lasts, as its fault would be skipped'];
  expect(await problemsOf(kill, 'for: 0s')).toEqual(refused);
  expect(await problemsOf(kill, 'until: mirrored, atMost: 0s')).toEqual(refused);
});

test('a fault that says itself how long it lasts takes no `for`, and is repeated when it is over', async () => {
  const restart = (when: string) => `{ restart: { containers: [a1], down: 1s }, ${when} }`;
  expect(await problemsOf(restart('for: 1s'))).toEqual([
    '5 found `for` with a restart, expected none, as it says itself how long it lasts',
  ]);
  const twice = await drawn(restart('at: 1s, every: 2s, times: 2'));
  expect(twice.map(({ id, atSeconds, forSeconds }) => [id, atSeconds, forSeconds])).toEqual([
    ['restart-1', 1, 1],
    ['restart-2', 3, 1],
  ]);
  const swizzle = 'swizzle: { zone: use1-a, nodes: { pick: 2 }, kind: drop, step: 1s }';
  expect(await problemsOf(`{ ${swizzle}, every: 2s, times: 2 }`)).toEqual([
    '5 found again after 2 s what lasts 3 s, expected at least 3 s',
  ]);
});

test('what comes to nothing without saying why is a mistake', async () => {
  const words = z.strictObject({});
  const idle = { kind: 'idle', summary: 'does nothing', words, example: 'idle: {}', draw: () => [] };
  const plan = planOf(['for: 10s, faults: [{ idle: {}, for: 1s, every: 2s, times: 3 }]'], 1, [...FAULTS, idle]);
  await expect(plan).rejects.toThrow('found a idle that comes to nothing, expected something to do');
  await expect(plan).rejects.toMatchObject({ problems: { length: 1 } });
});
