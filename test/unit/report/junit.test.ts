import { describe, expect, test } from 'vitest';
import type { HistoryRecord } from '../../../harness/history/records.ts';
import { analyze } from '../../../harness/report/analyze.ts';
import { renderJunit } from '../../../harness/report/junit.ts';
import { realisticRun } from '../measure/realistic-run.ts';

const { plan, records } = realisticRun();
let isFirst = true;
/** A read that found other bytes than were acknowledged. */
const misread = records.map((record): HistoryRecord => {
  if (record.kind !== 'io' || !isFirst) return record;
  isFirst = false;
  return { ...record, ops: [...record.ops, ['va1', 'read', record.t - 10, record.t - 5, 'failed', 'corrupt']] };
});
const replaced = (list: readonly HistoryRecord[]): readonly HistoryRecord[] => [
  ...list,
  { kind: 'router.replaced', t: 115_000, source: 'a-primary', reason: 'hung' },
];
const broken = (list: readonly HistoryRecord[]): readonly HistoryRecord[] =>
  list.map(
    (record): HistoryRecord =>
      record.kind === 'run.end' ? { ...record, outcome: 'broken', reason: 'the engine is gone' } : record,
  );

const of = (history: readonly HistoryRecord[], ...expectations: readonly string[]) =>
  analyze({ ...plan, expectations: expectations.map((text, at) => ({ text, file: 'x.yaml', line: at + 1 })) }, history);

const plain = (xml: string): string =>
  xml.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&quot;', '"').replaceAll('&amp;', '&');
const casesOf = (xml: string): readonly string[] =>
  xml
    .split('<testcase ')
    .slice(1)
    .map((one) => plain(one.split('</testcase>')[0] ?? one));
const badOf = (xml: string): readonly string[] => casesOf(xml).filter((one) => /<(?:failure|error) /.test(one));
const countOf = (xml: string, what: string): number =>
  Number(new RegExp(`<testsuites [^>]*${what}="(\\d+)"`).exec(xml)?.[1]);

describe.each([
  ['a pass', 'pass', of(records, 'D > F', 'ledger.lost = 0')],
  ['a failed expectation', 'fail', of(records, 'D < F', 'ledger.lost = 0')],
  ['an expectation that nobody can judge', 'inconclusive', of(records, 'D > F', 'app.z.availability = 1')],
  ['a failed one beside one that nobody can judge', 'fail', of(records, 'D < F', 'app.z.availability = 1')],
  ['a problem', 'inconclusive', of(replaced(records), 'D > F')],
  ['a problem beside a failed expectation', 'inconclusive', of(replaced(records), 'D < F')],
  ['a loss that was asked about', 'fail', of(misread, 'D > F', 'ledger.lost = 0')],
  ['a loss that nobody asked about', 'fail', of(misread, 'D > F')],
  ['a loss that was asked about, beside a problem', 'fail', of(replaced(misread), 'D > F', 'ledger.lost = 0')],
  ['a loss that nobody asked about, beside a problem', 'fail', of(replaced(misread), 'D < F')],
  ['a run that broke', 'inconclusive', of(replaced(broken(records)), 'D > F')],
  ['a run that broke, with a loss', 'fail', of(replaced(broken(misread)), 'D > F')],
] as const)('JUnit of %s', (_name, outcome, result) => {
  const xml = renderJunit(result);

  test(`is green only where the verdict passes: ${outcome}`, () => {
    expect(result.verdict.outcome).toBe(outcome);
    const bad = countOf(xml, 'failures') + countOf(xml, 'errors');
    expect(bad).toBe(badOf(xml).length);
    expect(bad > 0).toBe(outcome !== 'pass');
  });

  test('tells every problem of the verdict in a case that is not green', () => {
    const bad = badOf(xml);
    for (const { what } of result.verdict.problems) {
      const words = what.split(': ');
      expect(
        bad.some((one) => words.every((part) => one.includes(part))),
        what,
      ).toBe(true);
    }
  });
});

test('a loss that nobody asked about has a case of its own', () => {
  const xml = renderJunit(of(misread, 'D > F'));
  expect(countOf(xml, 'tests')).toBe(3);
  expect(badOf(xml)).toEqual([expect.stringMatching(/name="ledger\.lost = 0">[\s\S]*type="expectation"/)]);
});

test('of a run with a loss and a problem only the loss is a fact', () => {
  const bad = badOf(renderJunit(of(replaced(misread), 'D > F', 'D < F', 'ledger.lost = 0')));
  const typeOf = (name: string) => /type="(\w+)"/.exec(bad.find((one) => one.includes(`name="${name}"`)) ?? '')?.[1];
  expect(typeOf('the run is conclusive')).toBe('inconclusive');
  expect(typeOf('D > F')).toBe('inconclusive');
  expect(typeOf('D < F')).toBe('inconclusive');
  expect(typeOf('ledger.lost = 0')).toBe('expectation');
});
