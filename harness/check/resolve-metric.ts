import { shortZone } from '../measure/frame.ts';
import type { Measurements } from '../measure/measure-run.ts';
import type { NamedApplication } from '../scenario/known-names.ts';
import { metricNameOf } from '../scenario/metric-name.ts';
import { actionMetric, actionMetricNames, describeActionMetric, isActionMetric } from './action-metrics.ts';
import { COMMIT_METRICS, DATABASE_METRICS, databaseMetric } from './database-metrics.ts';
import { METRICS, type Metric, type MetricArguments, type MetricValue } from './metrics.ts';
import { MULTI_ZONE_METRICS } from './multi-zone-metrics.ts';
import { ZONE_METRICS, zoneMetric } from './zone-metrics.ts';
import { ZONE_STORM_METRICS, zoneStormMetric } from './zone-storm-metrics.ts';

const OF_THE_RUN: Readonly<Record<string, Metric>> = { ...METRICS, ...COMMIT_METRICS, ...MULTI_ZONE_METRICS };

/** What a metric of each zone is and its unit, by group and name. */
const OF_ZONES: Readonly<Record<string, Readonly<Record<string, Pick<Metric, 'unit' | 'description'>>>>> = {
  ...ZONE_METRICS,
  databases: DATABASE_METRICS,
  storm: ZONE_STORM_METRICS,
};

/**
 * Every name an expectation may use, for a plan with these zones (full ids: `use1-a`) and applications. A zone's name
 * does for its application only where it has one and no other. Without `applications` each zone may have one.
 */
export function metricNames(zones: readonly string[], applications?: readonly NamedApplication[]): readonly string[] {
  const hasOne = (zone: string): boolean =>
    applications === undefined || applications.filter((one) => one.zone === zone).length === 1;
  const ofZones = Object.entries(OF_ZONES).flatMap(([group, metrics]) =>
    zones.flatMap((zone) =>
      Object.keys(metrics)
        .filter((name) => hasOne(zone) || !(group === 'app' || (group === 'storm' && name === 'appAvailability')))
        .map((name) => `${group}.${shortZone(zone)}.${name}`),
    ),
  );
  const ofApplications = (applications ?? []).flatMap(({ id }) =>
    Object.keys(ZONE_METRICS.app).map((name) => `app.${metricNameOf(id)}.${name}`),
  );
  return [...Object.keys(OF_THE_RUN), ...ofZones, ...ofApplications, ...actionMetricNames(zones)];
}

/** What a metric is and its unit; `undefined` for a name that there is not. */
export function metricOf(name: string): Pick<Metric, 'unit' | 'description'> | undefined {
  if (Object.hasOwn(OF_THE_RUN, name)) return OF_THE_RUN[name];
  if (isActionMetric(name)) return describeActionMetric(name) ?? undefined;
  const [group = '', , ...path] = name.split('.');
  return Object.hasOwn(OF_ZONES, group) ? OF_ZONES[group]?.[path.join('.')] : undefined;
}

/** A name's value in a run; an unknown name is unavailable, never 0. */
export function resolveMetric(measurements: Measurements, name: string, args: MetricArguments): MetricValue {
  const value = Object.hasOwn(OF_THE_RUN, name)
    ? OF_THE_RUN[name]?.value(measurements, args)
    : isActionMetric(name)
      ? actionMetric(name, measurements)
      : (zoneMetric(name, measurements) ??
        zoneStormMetric(name, measurements) ??
        databaseMetric(name, measurements, args));
  return value ?? { unavailable: `there is no metric ${name}` };
}
