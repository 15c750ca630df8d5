import { shortZone } from '../measure/frame.ts';
import type { Measurements } from '../measure/measure-run.ts';
import { actionMetric, actionMetricNames, isActionMetric } from './action-metrics.ts';
import { METRICS, type MetricArguments, type MetricValue } from './metrics.ts';
import { ZONE_METRICS, zoneMetric } from './zone-metrics.ts';

/** Every name an expectation may use, for a plan with these zones (full ids: `use1-a`). */
export function metricNames(zones: readonly string[]): readonly string[] {
  const ofZones = Object.entries(ZONE_METRICS).flatMap(([group, metrics]) =>
    zones.flatMap((zone) => Object.keys(metrics).map((name) => `${group}.${shortZone(zone)}.${name}`)),
  );
  return [...Object.keys(METRICS), ...ofZones, ...actionMetricNames(zones)];
}

/** A name's value in a run; an unknown name is unavailable, never 0. */
export function resolveMetric(measurements: Measurements, name: string, args: MetricArguments): MetricValue {
  const value = Object.hasOwn(METRICS, name)
    ? METRICS[name]?.value(measurements, args)
    : isActionMetric(name)
      ? actionMetric(name, measurements)
      : zoneMetric(name, measurements);
  return value ?? { unavailable: `there is no metric ${name}` };
}
