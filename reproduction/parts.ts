import type { RunRow } from '../harness/campaign/arm-summary.ts';
import { compare } from '../harness/campaign/comparison.ts';
import type { Observation } from '../harness/campaign/observation.ts';
import { parseMetricExpression } from '../harness/check/metric-expression.ts';
import type { MetricValue } from '../harness/check/metrics.ts';
import type { Campaign } from './campaigns.ts';

/**
 * The campaign that a committed one is of. One of hours may be made in parts, on different days and each with seeds of
 * its own, as its runs are not committed and cannot be gone on with elsewhere: `arms`, `arms-2`, `arms-3`.
 */
export const wholeOf = (name: string): string => name.replace(/-[2-9]$/, '');

/**
 * Campaigns as they are judged: the parts of each joined, compared anew over all of their runs.
 * @throws when one arm has a seed in two parts, as it would count twice
 */
export function joinParts(campaigns: readonly Campaign[]): readonly Campaign[] {
  const wholes = Map.groupBy(campaigns, ({ name }) => wholeOf(name));
  return [...wholes].map(([name, parts]) => join(name, parts));
}

function join(name: string, parts: readonly Campaign[]): Campaign {
  const [first] = parts;
  if (first === undefined) throw new Error(`${name}: no part`);
  if (parts.length === 1) return { ...first, name };
  const comparisons = parts.flatMap(({ comparison }) => comparison ?? []);
  if (comparisons.length < parts.length) throw new Error(`${name}: found a sweep, expected parts of a comparison`);
  const runs = comparisons.flatMap((one) => one.runs).filter(({ state }) => state !== 'missing');
  for (const [key, same] of Map.groupBy(runs, ({ arm, seed }) => `seed ${seed} of the arm ${arm}`)) {
    if (same.length > 1) throw new Error(`${name}: ${key} is in ${same.length} of its parts, expected in one`);
  }
  const arms = comparisons.flatMap((one) => one.arms);
  const metrics = new Set(comparisons.flatMap((one) => one.metrics.map(({ metric }) => metric)));
  const comparison = compare({
    scenario: first.asked.scenario,
    preset: first.asked.preset,
    seeds: [...new Set(runs.map(({ seed }) => seed))],
    set: first.asked.set,
    arms: arms.filter((arm, index) => arms.findIndex((one) => one.name === arm.name) === index),
    metrics: [...metrics].map(parseMetricExpression),
    observations: runs.map(observationOf),
  });
  return { name, asked: first.asked, comparison, sweep: null, isCurrent: parts.every((part) => part.isCurrent) };
}

/** What a row was made of, but for why it lacks a value. */
function observationOf({ values, arm, seed, state, reasons }: RunRow): Observation {
  const known = Object.entries(values).flatMap(([metric, { atLeast, atMost }]): [string, MetricValue][] => {
    if (atLeast === null) return [];
    return [[metric, atLeast === atMost ? atLeast : { atLeast }]];
  });
  return { arm, seed, state, reasons, values: new Map(known), environment: null };
}
