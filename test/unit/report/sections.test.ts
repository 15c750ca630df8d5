import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { PROJECT } from '../../../harness/lab/project.ts';
import { analyze } from '../../../harness/report/analyze.ts';
import { escapeHtml } from '../../../harness/report/html/escape.ts';
import { renderHtml } from '../../../harness/report/html/render-html.ts';
import type { Result } from '../../../harness/report/result-schema.ts';
import { SECTION_TITLES } from '../../../harness/report/section.ts';
import { sectionsOf } from '../../../harness/report/sections.ts';
import { renderSummary } from '../../../harness/report/summary-md.ts';
import { renderTerminal } from '../../../harness/report/terminal.ts';
import { realisticRun } from '../measure/realistic-run.ts';

const { plan, records } = realisticRun();
const example = JSON.parse(readFileSync(join(PROJECT, 'docs/example-run/result.json'), 'utf8')) as Result;
const broken = analyze(plan, [
  ...records.slice(0, 40),
  { kind: 'run.end', t: records[40]?.t ?? 0, source: 'harness', outcome: 'broken', reason: 'Error: the disk is full' },
]);
const RUNS: readonly (readonly [name: string, result: Result])[] = [
  ['one that passed', analyze(plan, records)],
  ['one that broke', broken],
  ['one that left nothing', analyze(plan, [])],
  ['the example, made before there were multi-zone databases', example],
];

test.each(RUNS)('every output has every section: %s', async (_name, result) => {
  const titles = sectionsOf(result).map(({ title }) => title);
  const html = await renderHtml(result);
  expect([...html.matchAll(/<h2>(.*?)<\/h2>/g)].map(([, title]) => title)).toEqual(titles);
  expect([...renderSummary(result).matchAll(/^## (.*)$/gm)].map(([, title]) => title)).toEqual(titles);
  const heads = renderTerminal(result).split('\n');
  expect(heads.filter((line) => (SECTION_TITLES as readonly string[]).includes(line))).toEqual(titles);
  expect(titles).toEqual(expect.arrayContaining(['Expectations', 'Fabric', 'Ledger', 'Parameters', 'Environment']));
});

test.each(RUNS)('the page has each value of a section that has no table of its own: %s', async (_name, result) => {
  const html = await renderHtml(result);
  const summary = renderSummary(result);
  for (const { title, rows } of sectionsOf(result)) {
    if (!['Storm', 'Dose', 'Fabric', 'Control plane', 'Databases', 'Ledger', 'Validity'].includes(title)) continue;
    for (const [label, value] of rows) {
      expect(html).toContain(`<dt>${escapeHtml(label)}</dt><dd>${escapeHtml(value)}</dd>`);
    }
    expect(summary).toContain(`## ${title}`);
  }
});

test('a run that broke before its first phase says so, and nothing of what nobody looked at', () => {
  const end = { kind: 'run.end', t: 1, source: 'harness', outcome: 'broken', reason: 'no engine' } as const;
  expect(analyze(plan, [end]).whatHappened).toEqual(['The run broke before its first phase: nothing was measured.']);
  expect(broken.whatHappened[0]).toMatch(/^The run broke/);
});

test('lines that do not fit stand in every output, with the first of them', async () => {
  const misfit = {
    kind: 'misfit',
    t: 1,
    source: 'a1',
    count: 3,
    reason: 'no kind',
    example: '{"kind":"<gossip>"}',
  } as const;
  const result = analyze(plan, [...records, misfit]);
  expect(result.verdict).toMatchObject({
    outcome: 'inconclusive',
    problems: [{ check: 'history', what: 'a1: 3 lines do not fit, the first: {"kind":"<gossip>"} (no kind)' }],
  });
  expect(renderTerminal(result)).toMatch(
    /^History\n.*\n.*\n {2}a1 +3 lines left out; the first: \{"kind":"<gossip>"\}/m,
  );
  expect(renderSummary(result)).toContain('3 lines left out; the first: {"kind":"&lt;gossip>"}');
  expect(await renderHtml(result)).toContain(
    '3 lines left out; the first: {&quot;kind&quot;:&quot;&lt;gossip&gt;&quot;}',
  );
});

test('what a run broke of stands in every output', async () => {
  expect(renderTerminal(broken)).toContain('the disk is full');
  expect(renderSummary(broken)).toContain('the disk is full');
  expect(await renderHtml(broken)).toContain('the disk is full');
});
