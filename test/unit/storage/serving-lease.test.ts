import { expect, test } from 'vitest';
import { ServingLease } from '../../../fixtures/storage/node/serving-lease.ts';

test('holds until the later of its promises, and not longer', () => {
  const lease = new ServingLease();
  lease.extend(500, 0);
  lease.extend(300, 10);
  expect(lease.holds(lease.term, 500)).toBe(true);
  expect(lease.holds(lease.term, 501)).toBe(false);
});

test('once lapsed, an extension does not bring the old term back', () => {
  const lease = new ServingLease();
  lease.extend(500, 0);
  const { term } = lease;
  lease.extend(900, 400);
  expect(lease.holds(term, 800)).toBe(true);
  lease.extend(1500, 1000);
  expect(lease.holds(term, 1100)).toBe(false);
  expect(lease.holds(lease.term, 1100)).toBe(true);
});

test('holds for nobody before the first promise', () => {
  const lease = new ServingLease();
  expect(lease.holds(lease.term, 0)).toBe(false);
});
