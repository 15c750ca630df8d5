import { describe, expect, test } from 'vitest';
import { FAULTS } from '../../../harness/fault/catalogue.ts';
import { drawn } from '../fault/draw.ts';
import { documents } from './documents.ts';

const text = documents().find(({ path }) => path === 'docs/faults.md')?.text ?? '';

/** The faults in a section's YAML, one a line. */
const examplesIn = (section: string): readonly string[] =>
  [...section.matchAll(/^```yaml\n([\s\S]*?)^```/gm)]
    .flatMap(([, block]) => (block ?? '').split('\n'))
    .filter((line) => line !== '')
    .map((line) => line.replace(/^- /, ''));

describe.each(FAULTS)('docs/faults.md on $kind', ({ kind }) => {
  const section = text.split(/^#{2,3} /m).find((part) => part.startsWith(`${kind}\n`)) ?? '';

  test('has a section with examples that are drawn', async () => {
    const examples = examplesIn(section);
    expect(examples.length).toBeGreaterThan(0);
    for (const example of examples) {
      expect(example).toMatch(new RegExp(`^\\{? ?${kind}: `));
      expect((await drawn(example)).length, example).toBeGreaterThan(0);
    }
  });
});

test('the examples of times are drawn', async () => {
  const [introduction = ''] = text.split(/^## /m);
  const examples = examplesIn(introduction);
  expect(examples).toHaveLength(3);
  for (const example of examples) expect((await drawn(example)).length, example).toBeGreaterThan(0);
});
