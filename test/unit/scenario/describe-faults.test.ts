import { expect, test } from 'vitest';
import { FAULTS } from '../../../harness/fault/catalogue.ts';
import { describeFaults, faultDescriptions } from '../../../harness/scenario/describe-faults.ts';

const text = describeFaults(FAULTS);

test('every fault with what it does, its words and its example, in 100 columns', () => {
  expect(text.split('\n').filter((line) => line.length > 100)).toEqual([]);
  for (const { kind, summary, words, example } of faultDescriptions(FAULTS)) {
    const part = text.slice(text.indexOf(`${kind}: ${summary}\n`)).split('\n\n')[0] ?? '';
    expect(part.startsWith(`${kind}: `)).toBe(true);
    expect(part).toContain(`\n  - ${example}`);
    const { properties = {}, required = [] } = words as { properties?: object; required?: readonly string[] };
    expect(Object.keys(properties).length).toBeGreaterThan(0);
    for (const name of Object.keys(properties)) {
      expect(part).toMatch(new RegExp(`^ {2}${name}${required.includes(name) ? '' : '\\?'} `, 'm'));
    }
  }
});

test('shapes of words: choices, selectors and optional parts', () => {
  expect(text).toContain('kind   refuse | reset | blackhole | stall | half-open | drop');
  expect(text).toContain('links  [text, …] | { from?, to?, port?, plane?, both?, pick? }');
  expect(text).toContain('jitter?  text | a number. A share such as 20%');
  expect(text).not.toContain('anything');
});

test('what several faults share is said once, and when they happen at the end', () => {
  expect(text.split('packets are lost').length - 1).toBe(1);
  const end = text.slice(text.indexOf('when, beside any'));
  for (const word of ['at?', 'for?', 'every?', 'times?']) expect(end).toContain(`\n  ${word} `);
});
