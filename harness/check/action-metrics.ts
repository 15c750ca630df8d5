import { shortZone } from '../measure/frame.ts';
import type { Measurements } from '../measure/measure-run.ts';
import { CURVES, type MeasuredAction } from '../measure/operator.ts';
import { ACTION_NAMES } from '../scenario/action-names.ts';
import { metricNameOf } from '../scenario/metric-name.ts';
import { type Metric, type MetricValue, or } from './metrics.ts';

type Described = Pick<Metric, 'unit' | 'description'>;

const WHAT = {
  stuckShare: 'share of volumes stuck',
  searchPerSecond: 'search attempts a second',
  electionsPerSecond: 'elections a second',
  freeSlots: 'free slots',
} as const satisfies Record<(typeof CURVES)[number], string>;

/** Of each kind of action: `action.stopSearch.searchPerSecond.after`. Of several of a kind, the first that was done. */
const OF_ACTIONS: Readonly<Record<string, Described>> = {
  at: { unit: 's', description: 'when it was done, since the trigger began' },
  ...Object.fromEntries(
    CURVES.flatMap((curve) =>
      (['before', 'after'] as const).map((when): [string, Described] => [
        `${curve}.${when}`,
        {
          unit: curve === 'stuckShare' ? 'share' : 'count',
          description: `${WHAT[curve]} in the 10 s ${when === 'before' ? 'before it' : 'after it was done'}`,
        },
      ]),
    ),
  ),
};

const OF_API: Described = { unit: 'share', description: 'users’ calls answered in the 10 s before or after it' };

export const isActionMetric = (name: string): boolean => name.startsWith('action.');

/** Every name of this group, for a plan with these zones. */
export function actionMetricNames(zones: readonly string[]): readonly string[] {
  const api = zones.flatMap((zone) => ['before', 'after'].map((when) => `api.${shortZone(zone)}.${when}`));
  const names = [...Object.keys(OF_ACTIONS), ...api];
  return ACTION_NAMES.flatMap((action) => names.map((name) => `action.${metricNameOf(action)}.${name}`));
}

/** `undefined`: no such metric. */
export function describeActionMetric(name: string): Described | undefined {
  const [, , ...path] = name.split('.');
  return path[0] === 'api' ? OF_API : OF_ACTIONS[path.join('.')];
}

/** `undefined`: no such metric. */
export function actionMetric(name: string, { operator }: Measurements): MetricValue | undefined {
  const [, camel, ...path] = name.split('.');
  const kind = ACTION_NAMES.find((one) => metricNameOf(one) === camel);
  if (kind === undefined || describeActionMetric(name) === undefined) return undefined;
  const action = operator.actions.find((one) => one.action === kind && one.outcome === 'done');
  if (action === undefined) return or(null, `no ${kind} was done`);
  return or(curveOf(action, path), `under a second was measured ${path.at(-1)} ${action.id}`);
}

function curveOf(action: MeasuredAction, path: readonly string[]): number | null | undefined {
  const [group, second, third] = path;
  if (group === 'at') return action.doneAtSeconds;
  const curve =
    group === 'api'
      ? action.curves.api.find(({ shortName }) => shortName === second)
      : action.curves[CURVES.find((one) => one === group) ?? 'stuckShare'];
  return (group === 'api' ? third : second) === 'before' ? curve?.before : curve?.after;
}
