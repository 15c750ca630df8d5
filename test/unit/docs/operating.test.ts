import { describe, expect, test } from 'vitest';
import { ACTIONS } from '../../../harness/action/catalogue.ts';
import { planWith } from '../action/draw.ts';
import { documents } from './documents.ts';

const text = documents().find(({ path }) => path === 'docs/operating.md')?.text ?? '';

describe.each(ACTIONS)('docs/operating.md on $kind', ({ kind }) => {
  test('has a section with examples that are drawn', async () => {
    const section = text.split(/^#{2,3} /m).find((part) => part.startsWith(`${kind}\n`)) ?? '';
    const examples = [...section.matchAll(/^- (.+)$/gm)].map(([, line]) => line ?? '');
    expect(examples.length).toBeGreaterThan(0);
    for (const example of examples) {
      expect(example).toMatch(new RegExp(`^${kind}: `));
      expect((await planWith(`{ ${example} }`)).phases[0]?.actions, example).toHaveLength(1);
    }
  });
});
