import type { Observation } from '../../../harness/campaign/observation.ts';
import type { MetricValue } from '../../../harness/check/metrics.ts';

/** A run that counted, with its storm in seconds (`≥` by `{ atLeast }`), after a trigger of 3 s. */
export const counted = (
  arm: string,
  seed: number,
  storm: MetricValue,
  more: Readonly<Record<string, MetricValue>> = {},
): Observation => ({
  arm,
  seed,
  state: 'conclusive',
  reasons: [],
  values: new Map(
    Object.entries<MetricValue>({ 'storm.seconds': storm, 'trigger.seconds': 3, 'ledger.lost': 0, ...more }),
  ),
  environment: 'zonestorm 0.1.0, 2 CPUs',
});

/** The same run on a machine that was not fit. */
export const unfit = (observation: Observation): Observation => ({
  ...observation,
  state: 'inconclusive',
  reasons: ['validity: the machine was saturated'],
});
