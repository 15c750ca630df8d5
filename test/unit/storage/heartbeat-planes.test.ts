import { expect, test } from 'vitest';
import { heartbeatPlanes } from '../../../fixtures/storage/node/heartbeat-planes.ts';
import { TestCluster } from './test-cluster.ts';
import { testConfig } from './test-config.ts';

const ROUNDS = Array.from({ length: 16 }, (_, round) => round);

test('a peer that owes an answer is asked on both planes in every round', () => {
  for (const round of ROUNDS) expect(heartbeatPlanes(round, 3, true)).toEqual(['primary', 'replication']);
});

test('a peer that answers is asked on the primary plane in every round, and on the other in one of eight', () => {
  const onReplication = (peerIndex: number) =>
    ROUNDS.filter((round) => heartbeatPlanes(round, peerIndex, false).includes('replication'));
  for (const round of ROUNDS) expect(heartbeatPlanes(round, 3, false)).toContain('primary');
  expect(onReplication(0)).toEqual([0, 8]);
  // Peers take turns, so that a round does not ask all of them twice.
  expect(onReplication(3)).toEqual([5, 13]);
});

test.for(['primary', 'replication'] as const)('nobody is lost while only the %s plane is silent', async (plane) => {
  await using cluster = await TestCluster.start({ nodes: ['a', 'b'], volumes: [['v1', 'a', 'b']] });
  for (const pipe of cluster.pipesBetween('a', 'b', [plane])) pipe.hold();
  const { detectorMs, heartbeatMs } = testConfig({}).storage;
  const seen = cluster.records.length;
  const reports = () => cluster.records.slice(seen).filter((record) => record.kind === 'node');
  const silences = () => reports().map((record) => (record.kind === 'node' ? record.silenceMaxMs : 0));
  // Half a second each, of two nodes: five times the detector's time.
  await cluster.until('the plane has been silent for long', () => reports().length >= 8);
  expect(cluster.records.filter((record) => record.kind === 'detector')).toEqual([]);
  expect(Math.max(...silences())).toBeGreaterThan(heartbeatMs);
  expect(Math.max(...silences())).toBeLessThan(detectorMs);
});
