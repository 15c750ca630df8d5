import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { analyze } from '../../../harness/report/analyze.ts';
import { jsonForScript } from '../../../harness/report/html/escape.ts';
import { renderHtml } from '../../../harness/report/html/render-html.ts';
import { renderJunit } from '../../../harness/report/junit.ts';
import { milliseconds, percent } from '../../../harness/report/numbers.ts';
import { renderSummary } from '../../../harness/report/summary-md.ts';
import { renderTerminal } from '../../../harness/report/terminal.ts';
import { writeReports } from '../../../harness/report/write-reports.ts';
import { realisticRun } from '../measure/realistic-run.ts';

const { plan, records } = realisticRun();
const passed = analyze(plan, records);
const open = analyze(
  plan,
  records.filter((record) => record.kind !== 'host' && record.kind !== 'run.end'),
);
const failed = analyze({ ...plan, expectations: [{ text: 'D < F', file: 'x.yaml', line: 1 }] }, records);
const hostile = analyze(
  {
    ...plan,
    scenario: {
      ...plan.scenario,
      title: `</script><script>alert(1)</script> | "x" & 'y' ${'long '.repeat(40)}${'w'.repeat(150)}`,
    },
  },
  records,
  ['a | note <b>'],
);

describe('terminal', () => {
  test('says the verdict first and is at most 100 columns wide', () => {
    expect(renderTerminal(passed)).toMatch(/^PASS {2}small, preset fast, seed 7\n/);
    expect(renderTerminal(open)).toMatch(/^INCONCLUSIVE .*\n {2}! run: the history has no end/);
    expect(renderTerminal(failed)).toMatch(/^FAIL .*\n {2}! expectation: D < F: 28 not < 16/);
    for (const result of [passed, open, failed, hostile]) {
      for (const line of renderTerminal(result).split('\n')) expect(line.length).toBeLessThanOrEqual(100);
    }
  });

  test('loses no word when it wraps', () => {
    const words = passed.whatHappened.join(' ').split(' ');
    const shown = renderTerminal(passed).split(/\s+/);
    const start = shown.indexOf(words[0] ?? '');
    expect(shown.slice(start, start + words.length)).toEqual(words);
  });
});

describe('junit', () => {
  test('inconclusive is a failure that says so, also for expectations that held', () => {
    const xml = renderJunit(open);
    expect(xml).toContain('failures="5"');
    expect(xml.match(/<failure message="inconclusive: [^"]*" type="inconclusive"/g)).toHaveLength(5);
    expect(renderJunit(passed)).toContain('failures="0"');
    expect(renderJunit(failed)).toMatch(/tests="2" failures="1"[\s\S]*type="expectation"/);
  });
});

describe('summary.md', () => {
  test('has the verdict as its title and keeps foreign text out of the markup', () => {
    expect(renderSummary(passed)).toMatch(/^# PASS: A small misroute\n/);
    const text = renderSummary(hostile);
    expect(text).not.toContain('<script>');
    expect(text).not.toMatch(/<b>/);
  });
});

describe('report.html', () => {
  test('loads nothing and sends nothing', async () => {
    const html = await renderHtml(passed);
    expect(html).toContain("default-src 'none'");
    expect(html).not.toMatch(/<(?:link|img|iframe|script)[^>]+(?:src|href)=/);
    // A drawing may point at its own parts.
    expect(html).not.toMatch(/@import|url\((?!#)/);
  });

  test('foreign text cannot leave its place', async () => {
    const html = await renderHtml(hostile);
    expect(html).not.toContain('<script>alert');
    expect(html.match(/<script/g)).toHaveLength((await renderHtml(passed)).match(/<script/g)?.length ?? 0);
  });

  test('the data in its script element cannot end that element', () => {
    const data = { name: '</script><!-- <script>' };
    expect(jsonForScript(data)).not.toContain('<');
    expect(JSON.parse(jsonForScript(data))).toEqual(data);
  });

  test('shows chosen values as chosen, and links stated ones to their source', async () => {
    const html = await renderHtml(passed);
    expect(html).toContain('<span class="chip chosen">chosen</span>');
    expect(html).toContain('<a href="https://aws.amazon.com/message/65648/" rel="noreferrer">');
  });

  test('is made of results with nothing in them as well', async () => {
    expect(await renderHtml(analyze(plan, []))).toContain('<span class="verdict inconclusive">');
  });
});

test('writeReports makes every file from the folder alone', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'zonestorm-run-'));
  try {
    await writeFile(join(dir, 'plan.json'), JSON.stringify(plan));
    await writeFile(join(dir, 'history.jsonl'), records.map((record) => `${JSON.stringify(record)}\n`).join(''));
    const result = await writeReports(dir);
    expect(result.verdict.outcome).toBe('pass');
    expect((await readdir(dir)).toSorted()).toEqual([
      'history.jsonl',
      'junit.xml',
      'plan.json',
      'report.html',
      'result.json',
      'summary.md',
    ]);
    const first = await readFile(join(dir, 'result.json'), 'utf8');
    await writeReports(dir);
    expect(await readFile(join(dir, 'result.json'), 'utf8')).toBe(first);
    await writeFile(join(dir, 'plan.json'), '{}');
    await expect(writeReports(dir)).rejects.toThrow('plan.json: no plan, expected one of schema version 2');
    await writeFile(join(dir, 'plan.json'), '{ "schemaVersion": 1, "phases": [] }');
    await expect(writeReports(dir)).rejects.toThrow('a plan of schema version 1, expected one of schema version 2');
  } finally {
    await rm(dir, { recursive: true });
  }
});

test('numbers are not rounded into a lie', () => {
  expect([percent(1), percent(0.9999), percent(0.00004), percent(0), percent(0.924)]).toEqual([
    '100.0 %',
    '99.99 %',
    '0.004 %',
    '0.0 %',
    '92.4 %',
  ]);
  expect([milliseconds(4.25), milliseconds(1240.4), milliseconds(5000, true), milliseconds(null)]).toEqual([
    '4.3 ms',
    '1,240 ms',
    '≥ 5,000 ms',
    '–',
  ]);
});

test('every output has the interval of availability, or why there is none, and tells two applications apart', async () => {
  const [first] = passed.applications;
  const [overall] = first?.periods ?? [];
  if (first === undefined || overall === undefined) throw new Error('no application');
  const quiet = passed.applications.map(({ periods }) => periods[0]).find((one) => one?.intervalBlocks != null);
  const without = {
    ...overall,
    availabilityLow95: null,
    availabilityHigh95: null,
    intervalBlocks: null,
    intervalReason: 'outages are too long for 9.0 s',
  };
  const shop = { ...first, app: 'a-shop', shortName: 'aShop', periods: [without] };
  const result = { ...passed, applications: [...passed.applications, shop] };
  const shown = [renderTerminal(result), renderSummary(result), await renderHtml(result)];
  const known = `${((quiet?.availabilityLow95 ?? 0) * 100).toFixed(1)}–${((quiet?.availabilityHigh95 ?? 0) * 100).toFixed(1)}`;
  for (const text of shown.map((one) => one.replace(/\s+/g, ' '))) {
    expect(text).toContain(known);
    expect(text).toContain('no interval: outages are too long for 9.0 s');
    expect(text).toContain('use1-a, a-shop');
    expect(text).toContain('use1-a, a-app');
  }
});
