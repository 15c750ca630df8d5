/** The names of the arguments that a metric takes. */
export interface MetricParameters {
  readonly required: readonly string[];
  readonly optional: readonly string[];
}

const NONE: MetricParameters = { required: [], optional: [] };
const AT: MetricParameters = { required: ['at'], optional: [] };

/** Of every metric that takes any. They depend on nothing else, so that files are refused before there is a run. */
const OF_METRICS: Readonly<Record<string, MetricParameters>> = {
  'storm.stuckShare': AT,
  'storm.recovered': { required: ['within'], optional: [] },
  'nodes.crashed': { required: [], optional: ['by'] },
};

/** By what follows the zone: `databases.a.affectedShare`. */
const OF_DATABASES: Readonly<Record<string, MetricParameters>> = {
  affectedShare: AT,
  withStuckVolumeShare: AT,
  predictedShare: AT,
};

const DATABASES = /^databases\.[^.]+\.([^.]+)$/;

/** By a metric's name; none for one that there is not. */
export function argumentsOf(name: string): MetricParameters {
  if (Object.hasOwn(OF_METRICS, name)) return OF_METRICS[name] ?? NONE;
  const [, what = ''] = DATABASES.exec(name) ?? [];
  return Object.hasOwn(OF_DATABASES, what) ? (OF_DATABASES[what] ?? NONE) : NONE;
}
