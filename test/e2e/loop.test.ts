import { afterEach, describe, expect, test } from 'vitest';
import type { Result } from '../../harness/report/result-schema.ts';
import { runScenario } from './cli.ts';
import { leftovers } from './leftovers.ts';

/**
 * Fixed here, not chosen by its result. Nobody crashes, so that what differs between the two is the control plane's
 * doing alone; of crashes there is `crash.test.ts`.
 */
const LOOP = ['--preset', 'loop', '--seed', '7', '--set', 'raceFixed=true'] as const;

afterEach(async () => {
  expect(await leftovers(), 'left on the engine').toEqual([]);
});

/** The share of a zone's calls of the open loop that were answered, in one phase. */
function answered({ controlPlane }: Result, zone: string, phase: string): number {
  const calls = controlPlane.api.find((one) => one.shortName === zone && one.call === 'all');
  const share = calls?.periods.find(({ period }) => period === phase)?.availability;
  if (share === null || share === undefined) throw new Error(`no calls of zone ${zone} in the phase ${phase}`);
  return share;
}

/** The share of elections that the faulty zone's nodes asked for in the storm and were answered. */
function elected({ controlPlane }: Result): number {
  const elections = controlPlane.nodeCalls.find((one) => one.zone === 'use1-a' && one.operation === 'elections');
  const share = elections?.periods.find(({ period }) => period === 'storm')?.availability;
  if (share === null || share === undefined) throw new Error('no node asked for an election in the storm');
  return share;
}

function tell(what: string, result: Result): void {
  const { controlPlane: control, machine } = result;
  const shares = ['baseline', 'storm'].map((phase) =>
    ['a', 'b'].map((zone) => `${zone} ${(answered(result, zone, phase) * 100).toFixed(1)} %`).join(', '),
  );
  console.error(
    `${what}: calls answered in the baseline ${shares[0]}; in the storm ${shares[1]}; ` +
      `elections answered ${(elected(result) * 100).toFixed(1)} %, mirrored after ${result.storm.mirroredSeconds} s; ` +
      `busy at most ${control.busyPeak}, waited ${control.queueMaxSeconds} s, in vain ${control.expired} of ${control.served}; ` +
      `CPU ${machine.cpuMedianShare}`,
  );
}

describe('slow creations in one zone, and the Region’s workers', () => {
  test('as in 2011: users of the zone without a fault are not answered, and the storm sustains itself', async () => {
    const { result } = await runScenario('ebs-2011', [...LOOP]);
    tell('2011', result);
    const { controlPlane: control, storm, applications, elections, ledger } = result;
    for (const zone of ['a', 'b'])
      expect(answered(result, zone, 'baseline'), `baseline of ${zone}`).toBeGreaterThan(0.99);
    // No fault is in zone b: nobody lost a partner there, its application is well, and yet its calls fail.
    expect(storm.elsewhere.map(({ peakStuckVolumes }) => peakStuckVolumes)).toEqual([0]);
    const appB = applications.find(({ shortName }) => shortName === 'b')?.periods[0]?.availability;
    expect(appB).toBeGreaterThan(0.99);
    expect(answered(result, 'b', 'storm')).toBeLessThan(0.5);
    expect(control.busyPeak).toBe(16);
    expect(control.queueMaxSeconds).toBeGreaterThan(3);
    expect(control.expired).toBeGreaterThan(100);
    // Confirmations wait for the same workers, so old copies are not released and there is no room: it goes on.
    expect(elected(result)).toBeLessThan(0.5);
    expect(storm.mirroredSeconds).toBeNull();
    expect(elections.conflicts).toBe(0);
    expect(ledger.extentsLost).toBe(0);
  });

  test('with a short timeout of creations alone: users and nodes are answered in both zones, and the storm ends', async () => {
    const { result } = await runScenario('ebs-2011', [...LOOP, '--set', 'createTimeout=true']);
    tell('createTimeout', result);
    const { controlPlane: control, storm, elections, ledger } = result;
    expect(answered(result, 'b', 'storm')).toBeGreaterThan(0.99);
    // In the full zone creations fail, as there is no room; the other calls are answered.
    const create = control.api.find(({ shortName, call }) => shortName === 'a' && call === 'createVolume');
    expect(create?.periods.find(({ period }) => period === 'storm')?.availability).toBeLessThan(0.5);
    expect(answered(result, 'a', 'storm')).toBeGreaterThan(0.7);
    expect(control.queueMaxSeconds).toBeLessThan(1);
    expect(elected(result)).toBeGreaterThan(0.99);
    expect(storm.mirroredSeconds).not.toBeNull();
    expect(elections.conflicts).toBe(0);
    expect(ledger.extentsLost).toBe(0);
  });
});
