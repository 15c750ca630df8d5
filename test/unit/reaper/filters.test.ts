import { expect, test } from 'vitest';
import { parseFilters } from '../../../fixtures/reaper/filters.ts';

test('a line of filters as Testcontainers sends it', () => {
  expect(parseFilters('label=org.testcontainers.session-id=abc')).toEqual({
    label: ['org.testcontainers.session-id=abc'],
  });
  expect(parseFilters('label=a=b&label=c=d&name=x%26y')).toEqual({ label: ['a=b', 'c=d'], name: ['x&y'] });
});

test('a line without a key would match everything, and is refused', () => {
  expect(() => parseFilters('=x')).toThrow(/key=value/);
  expect(() => parseFilters('label')).toThrow(/key=value/);
});
