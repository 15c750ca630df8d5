import { ALL_CALLS } from '../measure/api.ts';
import { shortZone } from '../measure/frame.ts';
import type { Measurements } from '../measure/measure-run.ts';
import type { Operations } from '../measure/operations.ts';
import { metricNameOf } from '../scenario/metric-name.ts';
import { type Metric, type MetricValue, or } from './metrics.ts';

/**
 * A metric each zone has of its own: `app.a.availability` for the zone `use1-a`. Of applications each one has: beside
 * others of its zone `a-shop` is `app.aShop.availability`, and never is but one of them meant.
 */
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

/** Of the operations of any open loop. */
export const OF_OPERATIONS: Readonly<Record<string, ZoneMetric>> = {
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

const API_CALLS = ['createVolume', 'deleteVolume', 'attachVolume', 'describeVolumes'] as const;
/** `api.b.createVolume.availability`: of one call; `api.b.availability`: of all that come by the open loop. */
const OF_API: Readonly<Record<string, ZoneMetric>> = {
  ...OF_OPERATIONS,
  ...Object.fromEntries(
    API_CALLS.flatMap((call) =>
      Object.entries(OF_OPERATIONS).map(([name, metric]) => {
        return [`${call}.${name}`, { ...metric, description: `${metric.description}, of ${call}` }];
      }),
    ),
  ),
};

/** By group (`app`: the sample application, `io`: the instances' block I/O, `api`: the users' calls) and name. */
export const ZONE_METRICS = { app: OF_OPERATIONS, io: OF_OPERATIONS, api: OF_API } as const;

const WHAT: Record<Group, string> = { app: 'application', io: 'block I/O', api: 'user of the API' };

type Group = keyof typeof ZONE_METRICS;
const isGroup = (text: string): text is Group => Object.hasOwn(ZONE_METRICS, text);

/** Resolves `app.a.availability` and its like; `undefined`: no such metric. */
export function zoneMetric(name: string, measurements: Measurements): MetricValue | undefined {
  const [group = '', zone, ...path] = name.split('.');
  const what = path.join('.');
  if (!isGroup(group) || !Object.hasOwn(ZONE_METRICS[group], what)) return undefined;
  const call = path.length > 1 ? path[0] : ALL_CALLS;
  const lists = {
    app: measurements.applications,
    io: measurements.blockIo.filter((io) => io.volumes === 'all'),
    api: measurements.controlPlane.api.filter((calls) => calls.call === call),
  };
  const named = ({ shortName, app }: { readonly shortName: string; readonly app?: string | undefined }): boolean =>
    shortName === zone || (app !== undefined && metricNameOf(app) === zone);
  const overall = lists[group].find(named)?.periods[0];
  if (overall === undefined) {
    const several = group === 'app' && measurements.applications.some((entry) => shortZone(entry.zone) === zone);
    if (several) return or(null, `zone ${zone} has more than one application, each with a name of its own`);
    return or(null, path.length > 1 ? `nobody in zone ${zone} called ${call}` : `zone ${zone} has no ${WHAT[group]}`);
  }
  return ZONE_METRICS[group][what]?.value(overall);
}
