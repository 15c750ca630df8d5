import { expect, test } from 'vitest';
import { KNOWN_ENGINES, standingOf } from '../../../harness/lab/engine/known-engines.ts';

test('an engine is known by major and minor of the version that it says it has', () => {
  expect(standingOf('20.10.24+dfsg1')).toMatchObject({ how: 'ci' });
  expect(standingOf('20.10.5').how).toBe('ci');
  expect(standingOf('26.1.5+dfsg1')).toMatchObject({
    how: 'tried',
    words: '26.1.5+dfsg1: 26.1 is tried by hand (26.1.5, Debian 13, November 2026)',
  });
});

test.each(['29.0.1', '2.10.0', '20.1.0', 'dev', ''])(
  '%j is a version that nobody tried, and that is said',
  (version) => {
    const { how, words } = standingOf(version);
    expect(how).toBe('unknown');
    for (const { line } of KNOWN_ENGINES) expect(words).toContain(line);
  },
);
