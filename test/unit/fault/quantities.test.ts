import { describe, expect, test } from 'vitest';
import { drawnOne, problemsOf } from './draw.ts';

describe('capacity', () => {
  test('a share of the router’s own, or Mbit/s', async () => {
    // a-primary has 60 Mbit/s in `fast`.
    expect(await drawnOne('capacity: { router: a-primary, to: 25% }')).toMatchObject({
      settings: { mbit: 15 },
      targets: { zone: 'use1-a', routers: ['a-primary'], links: [], containers: [] },
      description: 'the capacity of a-primary was 15 of 60 Mbit/s',
    });
    expect((await drawnOne('capacity: { router: a-replication, to: 1500kbit }')).settings).toEqual({ mbit: 1.5 });
  });

  test('more than the router has, nothing, or of no router', async () => {
    expect(await problemsOf('capacity: { router: a-primary, to: 61mbit }')).toEqual([
      '5 found 61 Mbit/s, expected less than the 60 Mbit/s of a-primary',
    ]);
    expect(await problemsOf('capacity: { router: a-primary, to: 0% }')).toHaveLength(1);
    expect(await problemsOf('capacity: { router: a-primary, to: 120% }')).toHaveLength(1);
    expect(await problemsOf('capacity: { router: a-primary, to: fast }')).toHaveLength(1);
    expect(await problemsOf('capacity: { router: c-primary, to: 5% }')).toEqual([
      expect.stringContaining('5 found the router `c-primary`'),
    ]);
  });
});

test('cap: each link by itself, on the routers that they are on', async () => {
  const fault = await drawnOne('cap: { links: ["a1->a2@*"], to: 2mbit }');
  expect(fault).toMatchObject({ settings: { mbit: 2 }, targets: { routers: ['a-primary', 'a-replication'] } });
  expect(fault.targets.links).toHaveLength(2);
  expect(await problemsOf('cap: { links: ["a1->a2@*"], to: 0mbit }')).toHaveLength(1);
});

test('delay: ms, and a jitter that is not more than it', async () => {
  expect(await drawnOne('delay: { links: ["a1->a2@primary"], by: 0.05s, jitter: 10ms }')).toMatchObject({
    settings: { latencyMs: 50, jitterMs: 10 },
    description: 'a1->a2@primary took 50 ± 10 ms longer each way',
  });
  expect((await drawnOne('delay: { links: ["a1->a2@primary"], by: 50ms }')).settings).toEqual({
    latencyMs: 50,
    jitterMs: 0,
  });
  expect(await problemsOf('delay: { links: ["a1->a2@primary"], by: 5ms, jitter: 10ms }')).toEqual([
    '5 found a jitter of 10 ms, expected at most the delay, 5 ms',
  ]);
  const of = (words: string) => problemsOf(`delay: { links: ["a1->a2@primary"], ${words} }`);
  expect(await of('by: 0.4ms')).toEqual(['5 found `0.4ms`, expected at least 1ms']);
  expect(await of('by: 5ms, jitter: 0.4ms')).toEqual(['5 found `0.4ms`, expected at least 1ms']);
  expect(await of('by: 0ms')).toEqual(['5 found a delay that comes to nothing, expected something to do']);
  expect(await of('by: soon')).toHaveLength(1);
});

test('restart: a kill that ends by itself, with no volumes foretold', async () => {
  expect(await drawnOne('{ restart: { containers: [a1, a2], down: 500ms }, at: 1s }')).toMatchObject({
    id: 'restart-1',
    kind: 'kill',
    atSeconds: 1,
    forSeconds: 0.5,
    silences: ['a1', 'a2'],
    losesPartnersOf: null,
    description: 'a1 and a2 were restarted',
  });
  expect((await drawnOne('restart: { containers: [a1] }')).forSeconds).toBe(0);
  expect(await drawnOne('kill: { containers: [a1] }')).toMatchObject({ forSeconds: null, losesPartnersOf: ['a1'] });
});

test('pause and cpu: silent while it lasts', async () => {
  expect(await drawnOne('pause: { containers: [a1] }')).toMatchObject({
    silences: ['a1'],
    losesPartnersOf: ['a1'],
    description: 'a1 was frozen',
  });
  expect(await drawnOne('cpu: { containers: [a1], to: 0.1 }')).toMatchObject({
    silences: ['a1'],
    losesPartnersOf: null,
    settings: { cpus: 0.1 },
  });
  expect(await problemsOf('cpu: { containers: [a1], to: 0.001 }')).toEqual([
    '5 found 0.001, expected at least 0.01 of a CPU',
  ]);
});

test('disk-full: the size of the disks stands in the plan, for the start of the run', async () => {
  expect(await drawnOne('disk-full: { containers: [a1], size: 64MiB, leave: 1MiB }')).toMatchObject({
    limitsDiskTo: 64 * 1024 ** 2,
    settings: { leaveBytes: 1024 ** 2 },
    description: 'the disks of a1 were full',
  });
  expect(await problemsOf('disk-full: { containers: [a-app], size: 64MiB }')).toEqual([
    '5 found a-app without a disk, expected containers with a disk',
  ]);
  expect(await problemsOf('disk-full: { containers: [a1], size: 1MiB, leave: 2MiB }')).toEqual([
    '5 found 2097152 bytes to leave of 1048576, expected less than the size',
  ]);
});
