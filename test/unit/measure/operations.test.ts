import { describe, expect, test } from 'vitest';
import { measureApplications } from '../../../harness/measure/application.ts';
import { measureBlockIo } from '../../../harness/measure/block-io.ts';
import { measureMachine } from '../../../harness/measure/load-on-machine.ts';
import { crash, host, io, node, request, volume } from './record-builders.ts';
import { frameWith } from './small-run.ts';

describe('applications', () => {
  const frame = frameWith([
    request('use1-a', 11_000, 11_010),
    request('use1-a', 12_000, 17_001), // right, and one millisecond too late
    request('use1-a', 21_000, 21_005, 'failed'),
    request('use1-a', 30_000, 35_000, 'unknown'),
    request('use1-a', 49_000, null),
    request('use1-a', 50_000, 50_001), // intended after the measurement
    request('use1-b', 21_000, 26_000),
  ]);
  const [a, b] = measureApplications(frame);

  test('late, failed, unknown and unfinished all count against availability', () => {
    expect(a?.periods[0]).toMatchObject({
      period: 'overall',
      offered: 5,
      ok: 1,
      failed: 2,
      unknown: 1,
      unfinished: 1,
      availability: 0.2,
      reasons: { late: 1, 'HTTP 503': 2, unfinished: 1 },
    });
  });

  test('a request belongs to the phase of its intended start', () => {
    expect(a?.periods.map(({ period, offered }) => [period, offered])).toEqual([
      ['overall', 5],
      ['baseline', 2],
      ['misroute', 1],
      ['storm', 2],
    ]);
  });

  test('an answer after exactly the timeout is in time', () => {
    expect(b).toMatchObject({ zone: 'use1-b', shortName: 'b' });
    expect(b?.periods[0]).toMatchObject({ ok: 1, availability: 1 });
  });
});

test('block I/O: volumes that lost their partner apart, unfinished against', () => {
  const frame = frameWith([
    volume('va1', 'partner-lost', 21_000, 'a1'),
    io('a-instances', 30_000, [
      ['va1', 'write', 21_000, 29_000, 'ok', null],
      ['va1', 'write', 29_500, 29_500, 'failed', 'queue full'],
      ['va2', 'read', 21_000, 21_004, 'ok', null],
    ]),
    { kind: 'io.unfinished', source: 'a-instances', t: 50_500, ops: [['va1', 'write', 49_000]] },
  ]);
  const summary = measureBlockIo(frame).map(({ volumes, periods }) => [volumes, periods[0]?.offered, periods[0]?.ok]);
  expect(summary).toEqual([
    ['all', 4, 2],
    ['partner lost', 3, 1],
    ['untouched', 1, 1],
    ['all', 0, 0],
  ]);
});

test('block I/O: volumes of a node that crashed are not untouched, though nobody said so', () => {
  const frame = frameWith([
    crash('a1', 21_000, 20),
    crash('a2', 21_100, 20),
    io('a-instances', 30_000, [
      ['va1', 'write', 21_000, 29_000, 'failed', null],
      ['va3', 'read', 21_000, 21_004, 'ok', null],
    ]),
  ]);
  const summary = measureBlockIo(frame).map(({ volumes, periods }) => [volumes, periods[0]?.offered, periods[0]?.ok]);
  expect(summary.slice(0, 3)).toEqual([
    ['all', 2, 1],
    ['partner lost', 1, 0],
    ['untouched', 1, 1],
  ]);
});

describe('the machine', () => {
  test('CPU and lag over the window only', () => {
    const frame = frameWith([
      host(15_000, 0.99, 400),
      ...[0.1, 0.2, 0.3, 0.4, 0.9].map((busy, index) => host(21_000 + index * 500, busy, index)),
      node('a1', 22_000, { lagP99Ms: 12 }),
    ]);
    const machine = measureMachine(frame, { startT: 20_000, endT: 50_000 });
    expect(machine).toMatchObject({ cpuSamples: 5, cpuMedianShare: 0.3, cpuP95Share: 0.9 });
    expect(machine.lag.find(({ who }) => who === 'nodes')).toEqual({ who: 'nodes', samples: 1, p99Ms: 12, maxMs: 12 });
    expect(machine.lag.find(({ who }) => who.startsWith('load'))).toMatchObject({ maxMs: 4 });
  });

  test('a container without a record for over two seconds is silent', () => {
    const times = Array.from({ length: 81 }, (_, index) => 10_000 + index * 500);
    const frame = frameWith(times.filter((t) => t <= 30_000 || t >= 32_000).map((t) => node('a1', t)));
    const silent = (window = frame) => measureMachine(window, frame.measured).silent.map(({ container }) => container);
    expect(silent()).not.toContain('a1');
    expect(silent()).toContain('a2');
    const gap = frameWith(times.filter((t) => t <= 30_000 || t > 32_000).map((t) => node('a1', t)));
    expect(measureMachine(gap, gap.measured).silent[0]).toEqual({ container: 'a1', seconds: 2.5, atSeconds: 10 });
  });
});
