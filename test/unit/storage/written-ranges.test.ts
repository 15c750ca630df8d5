import { expect, test } from 'vitest';
import { WrittenRanges } from '../../../fixtures/storage/node/written-ranges.ts';

test('gaps are what nobody wrote, whatever the order and overlap of the writes', () => {
  const ranges = new WrittenRanges();
  expect(ranges.gaps(0, 10)).toEqual([[0, 10]]);
  ranges.add(6, 8);
  ranges.add(2, 4);
  expect(ranges.gaps(0, 10)).toEqual([
    [0, 2],
    [4, 6],
    [8, 10],
  ]);
  ranges.add(3, 6);
  expect(ranges.gaps(0, 10)).toEqual([
    [0, 2],
    [8, 10],
  ]);
  expect(ranges.gaps(3, 7)).toEqual([]);
  ranges.add(0, 20);
  expect(ranges.gaps(0, 10)).toEqual([]);
  ranges.clear();
  expect(ranges.gaps(5, 6)).toEqual([[5, 6]]);
});
