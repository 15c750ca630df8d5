import { readFile } from 'node:fs/promises';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, test } from 'vitest';
import { parseRange } from '../../../../harness/campaign/bisect.ts';
import { boundary } from '../../../../harness/campaign/boundary.ts';
import { compare } from '../../../../harness/campaign/comparison.ts';
import { parseAxis } from '../../../../harness/campaign/grid.ts';
import { notMeasured } from '../../../../harness/campaign/observation.ts';
import { sweep } from '../../../../harness/campaign/sweep.ts';
import { parseMetricExpression } from '../../../../harness/check/metric-expression.ts';
import { renderHeatMap } from '../../../../harness/report/campaign/heat-map.ts';
import { CAMPAIGN_SCHEMAS } from '../../../../harness/report/campaign/publish-schemas.ts';
import {
  boundaryReport,
  comparisonReport,
  seedsText,
  sweepReport,
} from '../../../../harness/report/campaign/sections.ts';
import { campaignMarkdown, campaignText } from '../../../../harness/report/campaign/table.ts';
import { boundsText, differenceText, intervalText, shareText } from '../../../../harness/report/campaign/values.ts';
import { counted, unfit } from '../../campaign/observations.ts';

const SEEDS = [1, 2, 3, 4, 5];
const asked = { scenario: 'ebs-2011', preset: 'fast', seeds: SEEDS, set: { 'phases.storm.atMost': '60s' } };
const metrics = [parseMetricExpression('storm.seconds'), parseMetricExpression('ledger.lost')];

const comparison = compare({
  ...asked,
  arms: [
    { name: '2011', settings: {} },
    { name: 'a|<b>', settings: { capacityBuffer: 'true' } },
    { name: 'few', settings: {} },
  ],
  metrics,
  observations: [
    ...SEEDS.map((seed) => counted('2011', seed, { atLeast: 300 })),
    ...SEEDS.map((seed) => (seed === 3 ? unfit(counted('a|<b>', seed, 7)) : counted('a|<b>', seed, 5 + seed))),
    counted('few', 1, 2),
    notMeasured({ arm: 'few', seed: 2 }, 'broken', ['the engine | died']),
    notMeasured({ arm: 'few', seed: 3 }, 'missing'),
  ],
});

const swept = (axes: readonly string[], observations: Parameters<typeof sweep>[0]['observations']) =>
  sweep({ ...asked, axes: axes.map(parseAxis), metrics, observations });
const oneMap = swept(
  ['b=x,y', 'a=1,2'],
  [
    counted('b=x+a=1', 1, 12),
    counted('b=x+a=1', 2, { atLeast: 60 }),
    unfit(counted('b=x+a=2', 1, 12)),
    counted('b=y+a=1', 1, { atLeast: 60 }),
  ],
);

const bracketed = boundary({
  ...asked,
  range: parseRange('x=1s..2s', 1),
  outlivesTimes: 10,
  tried: [
    { at: 1, observations: [counted('x=1s', 1, 3)] },
    { at: 2, observations: [counted('x=2s', 1, 93)] },
  ],
});

describe('numbers', () => {
  test('a bound is shown as one', () => {
    expect(boundsText({ atLeast: 300, atMost: null }, 's')).toBe('≥ 300.0 s');
    expect(boundsText({ atLeast: null, atMost: -295 }, 's', differenceText)).toBe('≤ −295.0 s');
    expect(boundsText({ atLeast: 50, atMost: 60 }, 's')).toBe('50.0 s … 60.0 s');
    expect(boundsText({ atLeast: null, atMost: null }, 's')).toBe('unknown');
    expect(boundsText(null, 's')).toBe('–');
    expect(boundsText({ atLeast: 0.2, atMost: 0.2 }, 'share')).toBe('20.0 %');
    expect(boundsText({ atLeast: 10_566, atMost: 10_566 }, 'count')).toBe('10,566');
    expect(boundsText({ atLeast: 377.36, atMost: 377.36 }, 'ratio')).toBe('377');
  });

  test('a difference has a sign, and is in points between shares', () => {
    expect(differenceText(0.123, 'share')).toBe('+12.3 points');
    expect(differenceText(-0.5, 'share')).toBe('−50.0 points');
    expect(differenceText(2, 's')).toBe('+2.0 s');
    expect(differenceText(0, 'count')).toBe('0');
    expect(intervalText({ atLeast: null, atMost: -3 }, 's')).toBe('−∞ … −3.0 s');
  });

  test('seeds and shares', () => {
    expect([seedsText([1, 2, 3]), seedsText([3, 5, 7]), seedsText([1, 2])]).toEqual(['1–3', '3, 5, 7', '1, 2']);
    expect(shareText({ yes: 3, of: 8, low: 0.137, high: 0.694, untold: 0 })).toBe('3 of 8 (13.7 % … 69.4 %)');
    expect(shareText({ yes: 0, of: 0, low: null, high: null, untold: 2 })).toBe('–');
  });
});

describe('a comparison in words', () => {
  const text = campaignText(comparisonReport(comparison));

  test('shows bounds, intervals, and why there is none', () => {
    expect(text).toMatch(/^ {2}2011 +5 +≥ 300\.0 s +≥ 300\.0 s +≥ 300\.0 s +control$/m);
    expect(text).toMatch(/^ {2}few +1 +2\.0 s .*≤ −298\.0 s +– \(1 of the 5 pairs that an interval needs\)$/m);
    expect(text).toMatch(/^ {2}2011 +0 of 5 \(0\.0 % … 43\.5 %\) +control$/m);
  });

  test('lists every run that does not count', () => {
    expect(text).toMatch(/^Runs that do not count$/m);
    expect(text).toMatch(/3 +inconclusive +yes +validity: the machine was saturated$/m);
    expect(text).toMatch(/few +2 +broken +– +the engine \| died$/m);
  });

  test('foreign text cannot leave its cell in Markdown', () => {
    const markdown = campaignMarkdown(comparisonReport(comparison));
    expect(markdown).toMatch(/^# Comparison of 3 arms of ebs-2011\n/);
    expect(markdown).not.toContain('<b>');
    const widths = markdown.split('\n\n').flatMap((part) => {
      const rows = part.split('\n').filter((line) => line.startsWith('|'));
      return rows.length === 0 ? [] : [new Set(rows.map((row) => row.match(/(?<!\\)\|/g)?.length)).size];
    });
    expect(widths.length).toBeGreaterThan(4);
    expect(new Set(widths)).toEqual(new Set([1]));
  });
});

describe('the heat map', () => {
  test('loads nothing and sends nothing', async () => {
    const html = await renderHeatMap(oneMap);
    expect(html).toContain("default-src 'none'");
    expect(html).not.toMatch(/<(?:link|img|iframe|script)|@import|url\(|https?:/);
  });

  test('says its numbers in every cell, and stripes those without a conclusive run', async () => {
    const html = await renderHeatMap(oneMap);
    expect(html).toMatch(
      /<td[^>]*><b>1 of 2<\/b><small>storm 36\.0 s … |<td[^>]*><b>1 of 2<\/b><small>storm ≥ 36\.0 s/,
    );
    expect(html).toMatch(/<td class="none"><b>–<\/b><small>1 inconclusive<\/small>/);
    expect(html.match(/<table class="map">/g)).toHaveLength(1);
    expect(html).toContain('down: b; across: a');
  });

  test('further axes are small multiples', async () => {
    const html = await renderHeatMap(swept(['c=1,2,3', 'b=x,y', 'a=1,2'], []));
    expect(html.match(/<table class="map">/g)).toHaveLength(3);
    expect(html.match(/<caption>c = 2, down: b; across: a</g)).toHaveLength(1);
    expect(await renderHeatMap(swept(['a=1,2'], []))).toContain('across: a');
  });

  test('every colour leaves its number readable: a contrast of at least 4.5', async () => {
    const seeds = Array.from({ length: 10 }, (_, index) => index + 1);
    const values = Array.from({ length: 11 }, (_, index) => `${index}`);
    const html = await renderHeatMap(
      swept(
        [`a=${values.join(',')}`],
        values.flatMap((value) =>
          seeds.map((seed) => counted(`a=${value}`, seed, seed <= Number(value) ? 1 : { atLeast: 60 })),
        ),
      ),
    );
    const cells = [...html.matchAll(/<td( class="dark")? style="background:hsl\((\d+) (\d+)% (\d+)%\)"/g)];
    expect(cells).toHaveLength(11);
    for (const [, dark, h, s, l] of cells) {
      const paper = luminance(hslToRgb(Number(h), Number(s) / 100, Number(l) / 100));
      const ink = dark === undefined ? luminance([0x1a / 255, 0x1d / 255, 0x23 / 255]) : 1;
      const [light, deep] = [Math.max(paper, ink), Math.min(paper, ink)];
      expect((light + 0.05) / (deep + 0.05), `${l} %`).toBeGreaterThanOrEqual(4.5);
    }
  });
});

test('a sweep in words, and a boundary', () => {
  const text = campaignText(sweepReport(oneMap));
  expect(text).toMatch(/^Sweep of ebs-2011 over b and a\n/);
  expect(text).toMatch(/^ {2}x +1 +2 +2 +0 +0 +0 +1 of 2/m);
  const found = campaignText(boundaryReport(bracketed));
  expect(found).toContain('Between x = 1s (it does not) and 2s (it outlives its trigger).');
  expect(found).toMatch(/There is one boundary between the two ends/);
});

describe.each(CAMPAIGN_SCHEMAS)('the schema of $name.json', ({ name, file, text }) => {
  test('is fresh: node harness/report/campaign/publish-schemas.ts', async () => {
    expect(await readFile(file, 'utf8')).toBe(text);
  });

  test('fits what is written', () => {
    const written = { compare: comparison, sweep: oneMap, boundary: bracketed }[name];
    if (written === undefined) throw new Error(name);
    const validate = new Ajv2020({ strict: false }).compile(JSON.parse(text));
    validate(JSON.parse(JSON.stringify(written)));
    expect(validate.errors).toBeNull();
  });
});

type Rgb = readonly [number, number, number];

/** Relative luminance as WCAG 2 defines it: https://www.w3.org/TR/WCAG22/#dfn-relative-luminance */
function luminance(rgb: Rgb): number {
  const [r = 0, g = 0, b = 0] = rgb.map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function hslToRgb(h: number, s: number, l: number): Rgb {
  const part = (n: number): number => {
    const k = (n + h / 30) % 12;
    return l - s * Math.min(l, 1 - l) * Math.max(-1, Math.min(k - 3, 9 - k, 1));
  };
  return [part(0), part(8), part(4)];
}
