import { expect, test } from 'vitest';
import { BadCampaignError } from '../../../harness/campaign/bad-campaign-error.ts';
import { COMPARED, chooseMetrics, SWEPT } from '../../../harness/campaign/choose-metrics.ts';
import { metricNames } from '../../../harness/check/resolve-metric.ts';
import { measuredZones } from '../../../harness/scenario/known-names.ts';

const known = metricNames(['use1-a', 'use1-b']);
const chosen = (asked: readonly string[], otherwise: readonly string[] = [], names = known) =>
  chooseMetrics(asked, otherwise, names).map(({ text }) => text);

test('what is compared by default is there, each zone by itself, and what this model lacks is left out', () => {
  const names = chosen([], COMPARED);
  expect(names).toContain('storm.stuckShare(at: trigger.end + 10s)');
  expect(names).toEqual(expect.arrayContaining(['app.a.availability', 'app.b.availability']));
  expect(chosen([], SWEPT).length).toBeGreaterThan(2);
});

test('the Region is no zone in which something is measured', () => {
  const plane = (router: string | null) => ({ plane: 'primary' as const, network: 'n', subnet: 's', router });
  const zones = [
    { id: 'use1-a', planes: [plane('a-primary')] },
    { id: 'region', planes: [plane(null)] },
  ];
  expect(measuredZones({ zones })).toEqual(['use1-a']);
});

test('crashes are among them as soon as they are measured, whatever they are called', () => {
  expect(chosen([], COMPARED, [...known, 'nodes.crashes'])).toContain('nodes.crashes');
  expect(chosen([], SWEPT, [...known, 'race.nodeCrashes'])).toContain('race.nodeCrashes');
});

test('what is asked for replaces them, each once, in that order', () => {
  expect(chosen(['io.*.p99', 'D', 'io.a.p99'], COMPARED)).toEqual(['io.a.p99', 'io.b.p99', 'D']);
});

test('a pattern leaves out what needs an argument, and nothing that can be measured without', () => {
  const names = chosen(['storm.*', 'nodes.*']);
  expect(names).toEqual(expect.arrayContaining(['storm.seconds', 'storm.stuckShareExcess', 'nodes.crashed']));
  expect(names).not.toContain('storm.stuckShare');
  expect(names).not.toContain('storm.recovered');
});

test.each([
  ['storm.second', /found `storm\.second`, .*did you mean `storm\.seconds`/],
  ['nothing.*', /found `nothing\.\*`/],
  ['storm.stuckShare(at: trigger.ende + 1s)', /found `trigger\.ende`, .*`trigger\.end`/],
  ['D(x: 1)', /found the argument `x` of `D`, expected no argument of `D` at all/],
  ['storm.stuckShare', /found `storm\.stuckShare` without its argument `at`, expected `storm\.stuckShare\(at: …\)`/],
  ['storm.stuckSha*e', /found `storm\.stuckShare` without its argument `at`/],
  ['storm.stuckShare(At: trigger.end)', /found the argument `At` of `storm\.stuckShare`, .*did you mean `at`/],
  ['nodes.crashed(by: trigger.end(by: 1s))', /found the argument `by` of `trigger\.end`/],
  ['storm.recovered(within: 1s, within: 2s)', /each argument once/],
  ['D + F', /one measurement by its name/],
  ['D(', /--metric D\(/],
])('--metric %s is refused with a reason', (text, message) => {
  expect(() => chosen([text])).toThrow(BadCampaignError);
  expect(() => chosen([text])).toThrow(message);
});
