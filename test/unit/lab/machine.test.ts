import { expect, test } from 'vitest';
import { labsAtOnce } from '../../../harness/campaign/labs-at-once.ts';
import { machine } from '../../../harness/lab/diagnose.ts';

const GIB = 2 ** 30;

test.each([
  [1, 16, false],
  [2, 1, false],
  [2, 2, true],
  [2, 24, true],
  [64, 256, true],
])('%i CPUs and %i GiB carry a run: %s', (cpus, gib, ok) => {
  const finding = machine(cpus, gib * GIB);
  expect(finding.ok).toBe(ok);
  expect(finding.detail).toBe(`${cpus} CPUs, ${gib} GiB; a run needs 2 CPUs and 2 GiB`);
});

test('what the kernel keeps for itself of 2 GiB is not held against them', () => {
  expect(machine(2, 1.92 * GIB).ok).toBe(true);
});

test('labs side by side: one for every four CPUs and every 4 GiB, and one in any case', () => {
  const labs = [1, 2, 3, 4, 7, 8, 16, 64].map((cpus) => labsAtOnce(cpus, 256 * GIB));
  expect(labs).toEqual([1, 1, 1, 1, 1, 2, 4, 16]);
  expect([4, 8, 15, 16].map((gib) => labsAtOnce(64, gib * GIB))).toEqual([1, 2, 3, 4]);
});
