import { shortZone } from '../measure/frame.ts';
import type { Measurements } from '../measure/measure-run.ts';
import { METRICS, type MetricArguments, type MetricValue } from './metrics.ts';
import { ZONE_METRICS, zoneMetric } from './zone-metrics.ts';
import { ZONE_STORM_METRICS, zoneStormMetric } from './zone-storm-metrics.ts';

/** Every name an expectation may use, for a plan with these zones (full ids: `use1-a`). */
export function metricNames(zones: readonly string[]): readonly string[] {
  const ofZones = Object.entries(ZONE_METRICS).flatMap(([group, metrics]) =>
    zones.flatMap((zone) => Object.keys(metrics).map((name) => `${group}.${shortZone(zone)}.${name}`)),
  );
  const ofStorms = zones.flatMap((zone) =>
    Object.keys(ZONE_STORM_METRICS).map((name) => `storm.${shortZone(zone)}.${name}`),
  );
  return [...Object.keys(METRICS), ...ofZones, ...ofStorms];
}

/** A name's value in a run; an unknown name is unavailable, never 0. */
export function resolveMetric(measurements: Measurements, name: string, args: MetricArguments): MetricValue {
  const value = Object.hasOwn(METRICS, name)
    ? METRICS[name]?.value(measurements, args)
    : (zoneMetric(name, measurements) ?? zoneStormMetric(name, measurements));
  return value ?? { unavailable: `there is no metric ${name}` };
}
