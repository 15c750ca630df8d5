import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { isSameRun } from '../../../harness/campaign/essence.ts';
import { metricNames } from '../../../harness/check/resolve-metric.ts';
import { FAULTS } from '../../../harness/fault/catalogue.ts';
import { PROJECT } from '../../../harness/lab/project.ts';
import { analyze } from '../../../harness/report/analyze.ts';
import { renderHtml } from '../../../harness/report/html/render-html.ts';
import { resultSchema } from '../../../harness/report/result-schema.ts';
import { renderSummary } from '../../../harness/report/summary-md.ts';
import { loadScenario } from '../../../harness/scenario/load-scenario.ts';
import { readEvent } from '../../../harness/scenario/read-event.ts';
import { realisticRun } from '../measure/realistic-run.ts';

const file = join(PROJECT, 'fixtures/events/ebs-2011.yaml');
const { event } = readEvent(file, readFileSync(file, 'utf8'));
const { plan, records } = realisticRun();
const result = analyze({ ...plan, event }, records);
const row = (id: string) => result.besideTheEvent?.rows.find((one) => one.id === id);

test('every scenario that extends ebs-2011 has its event in the plan, and what it names is measured', async () => {
  for (const name of ['ebs-2011', 'ebs-2011-null', 'ebs-2011-short']) {
    const options = { seed: 1, overrides: {}, faults: FAULTS, knownNames: metricNames };
    expect((await loadScenario(name, options)).event).toEqual(event);
  }
});

test('a run has its numbers beside what is stated, and the same shape as the schema', () => {
  expect(() => resultSchema.parse(JSON.parse(JSON.stringify(result)))).not.toThrow();
  expect(row('stuck')?.measured.map(({ value, unit }) => [value, unit])).toEqual([
    [0.2, 'share'],
    [0.2, 'share'],
    [expect.any(Number), 'share'],
  ]);
  expect(row('crashes')?.measured[0]).toMatchObject({ value: 0, atLeast: null, reason: null });
});

test('what this run did not measure is null with a reason, and never 0', () => {
  for (const { measured, notMeasuredReason } of result.besideTheEvent?.rows ?? []) {
    if (measured.length === 0) expect(notMeasuredReason).not.toBeNull();
    for (const { value, atLeast, reason } of measured) {
      expect([value, atLeast, reason].filter((one) => one !== null)).toHaveLength(1);
    }
  }
  expect(row('other-zones')?.measured[0]).toMatchObject({ value: null, reason: 'zone b has no user of the API' });
  const endless = realisticRun({ firstCopySeconds: 100 });
  const beside = analyze({ ...endless.plan, event }, endless.records).besideTheEvent;
  expect(beside?.rows.find(({ id }) => id === 'recovery')?.measured[0]).toMatchObject({
    value: null,
    atLeast: expect.any(Number),
    reason: null,
  });
});

test('summary.md and report.html show it, and a scenario without an event has neither', async () => {
  const summary = renderSummary(result);
  expect(summary).toContain('## Beside the event');
  expect(summary).toMatch(/\| Volumes stuck \| .*about 13 %.* \| 10 s after the trigger's end: \*\*20\.0\u00a0%\*\*/);
  const html = await renderHtml(result);
  expect(html).toContain('<h2>Beside the event</h2>');
  expect(html).toContain('<b>20.0\u00a0%</b> 10 s after the trigger&#39;s end');
  const without = analyze(plan, records);
  expect(without).not.toHaveProperty('besideTheEvent');
  expect(renderSummary(without)).not.toContain('Beside');
  expect(await renderHtml(without)).not.toContain('Beside');
});

test('what a run is set beside makes it no other run: a campaign goes on when a sentence of it is mended', () => {
  expect(isSameRun({ ...plan, event }, plan)).toBe(true);
});
