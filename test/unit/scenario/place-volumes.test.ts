import { describe, expect, test } from 'vitest';
import { placeVolumes } from '../../../harness/scenario/place-volumes.ts';

function nodes(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `a${i + 1}`);
}

function replicasByNode(count: number, volumes: number, seed: number): Map<string, number> {
  const held = new Map(nodes(count).map((node) => [node, 0]));
  for (const { primary, mirror } of placeVolumes('use1-a', nodes(count), volumes, seed)) {
    for (const node of [primary, mirror]) held.set(node, (held.get(node) ?? 0) + 1);
  }
  return held;
}

describe('placeVolumes', () => {
  // The last is the tightest: with two nodes every volume must be on both.
  test.each([
    [8, 60],
    [16, 240],
    [7, 61],
    [3, 10],
    [2, 12],
  ])('%i nodes, %i volumes: even within one, on two distinct nodes, for any seed', (count, volumes) => {
    for (let seed = 0; seed < 300; seed += 1) {
      const placed = placeVolumes('use1-a', nodes(count), volumes, seed);
      expect(placed).toHaveLength(volumes);
      expect(new Set(placed.map((volume) => volume.id)).size).toBe(volumes);
      expect(placed.filter((volume) => volume.primary === volume.mirror)).toEqual([]);
      const held = [...replicasByNode(count, volumes, seed).values()];
      expect(held).toHaveLength(count);
      expect(Math.max(...held) - Math.min(...held)).toBeLessThanOrEqual(1);
      expect(held.reduce((sum, replicas) => sum + replicas, 0)).toBe(2 * volumes);
    }
  });

  test('the same seed places alike, another one and another zone differently', () => {
    const placed = placeVolumes('use1-a', nodes(8), 60, 7);
    expect(placeVolumes('use1-a', nodes(8), 60, 7)).toEqual(placed);
    expect(placeVolumes('use1-a', nodes(8), 60, 8)).not.toEqual(placed);
    const elsewhere = placeVolumes('use1-b', nodes(8), 60, 7);
    expect(elsewhere.map((v) => [v.primary, v.mirror])).not.toEqual(placed.map((v) => [v.primary, v.mirror]));
  });

  test('pairs are spread: over many seeds each of the 28 pairs of 8 nodes has about its share', () => {
    const pairs = new Map<string, number>();
    for (let seed = 0; seed < 200; seed += 1) {
      for (const { primary, mirror } of placeVolumes('use1-a', nodes(8), 60, seed)) {
        const pair = [primary, mirror].sort().join();
        pairs.set(pair, (pairs.get(pair) ?? 0) + 1);
      }
    }
    const share = (200 * 60) / 28;
    expect(pairs.size).toBe(28);
    // 429 expected each, standard deviation about 20: five of them either way.
    for (const count of pairs.values()) expect(Math.abs(count - share)).toBeLessThan(100);
  });

  test('one node cannot hold two replicas', () => {
    expect(() => placeVolumes('use1-a', ['a1'], 1, 1)).toThrow(RangeError);
    expect(placeVolumes('use1-a', ['a1'], 0, 1)).toEqual([]);
  });
});
