import type { Measurements } from '../measure/measure-run.ts';
import type { Operations } from '../measure/operations.ts';
import { type Metric, type MetricValue, or } from './metrics.ts';

/** A metric each zone has of its own: `app.a.availability` for the zone `use1-a`. */
export interface ZoneMetric {
  readonly description: string;
  readonly unit: Metric['unit'];
  /** From the summary over the whole measurement. */
  readonly value: (overall: Operations) => MetricValue;
}

const quantile = (name: 'p50' | 'p95' | 'p99'): ZoneMetric => ({
  unit: 's',
  description: `${name} of the latency from the intended start`,
  value: ({ latency }) => {
    const ms = latency[`${name}Ms`];
    if (ms === null) return or(null, latency.reason);
    return latency[`${name}AtLeast`] ? { atLeast: ms / 1000 } : ms / 1000;
  },
});

const OF_OPERATIONS: Readonly<Record<string, ZoneMetric>> = {
  offered: { unit: 'count', description: 'operations offered', value: ({ offered }) => offered },
  availability: {
    unit: 'share',
    description: 'ok ÷ offered; failed, unknown and unfinished count against it',
    value: ({ availability }) => or(availability, 'nothing was offered'),
  },
  p50: quantile('p50'),
  p95: quantile('p95'),
  p99: quantile('p99'),
};

/** By group (`app`: the sample application, `io`: the instances' block I/O) and name. */
export const ZONE_METRICS = { app: OF_OPERATIONS, io: OF_OPERATIONS } as const;

type Group = keyof typeof ZONE_METRICS;
const isGroup = (text: string): text is Group => Object.hasOwn(ZONE_METRICS, text);

/** Resolves `app.a.availability` and its like; `undefined`: no such metric. */
export function zoneMetric(name: string, measurements: Measurements): MetricValue | undefined {
  const [group = '', zone, what = '', ...rest] = name.split('.');
  if (!isGroup(group) || rest.length > 0 || !Object.hasOwn(ZONE_METRICS[group], what)) return undefined;
  const lists = { app: measurements.applications, io: measurements.blockIo.filter((io) => io.volumes === 'all') };
  const overall = lists[group].find((entry) => entry.shortName === zone)?.periods[0];
  if (overall === undefined) return or(null, `zone ${zone} has no ${group === 'app' ? 'application' : 'block I/O'}`);
  return ZONE_METRICS[group][what]?.value(overall);
}
