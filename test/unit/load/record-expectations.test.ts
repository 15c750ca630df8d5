import { expect, test } from 'vitest';
import { RecordExpectations } from '../../../harness/load/record-expectations.ts';

test('before any write, only "no such record" is correct', () => {
  expect([...new RecordExpectations().allowed('k')]).toEqual([null]);
});

test('an acknowledged value is the only correct one, until another write is under way', () => {
  const expectations = new RecordExpectations();
  expectations.begin('k', 'a');
  expect(expectations.allowed('k')).toEqual(new Set([null, 'a']));
  expect(expectations.canWrite('k')).toBe(false);
  expectations.end('k', 'a', 'ok');
  expect(expectations.allowed('k')).toEqual(new Set(['a']));
  expectations.begin('k', 'b');
  expect(expectations.allowed('k')).toEqual(new Set(['a', 'b']));
});

test('a write of unknown outcome may appear at any later time, also after another was acknowledged', () => {
  const expectations = new RecordExpectations();
  expectations.begin('k', 'a');
  expectations.end('k', 'a', 'unknown');
  expectations.begin('k', 'b');
  expectations.end('k', 'b', 'ok');
  expect(expectations.allowed('k')).toEqual(new Set(['a', 'b']));
  expect(expectations.allowed('k').has(null)).toBe(false);
});

test('a refused write may not appear', () => {
  const expectations = new RecordExpectations();
  expectations.begin('k', 'a');
  expectations.end('k', 'a', 'failed');
  expect(expectations.allowed('k')).toEqual(new Set([null]));
});
