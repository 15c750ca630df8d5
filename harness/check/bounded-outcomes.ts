import type { Judgement, Resolve, Resolved } from './expectation/evaluate.ts';
import type { MetricArguments, MetricValue } from './metrics.ts';

/** Stands for "how long nobody knows": longer than any run, small enough to calculate with. */
const VERY_LONG = 1e9;

/** Most measurements known only as lower bounds that are still told apart: each doubles the combinations. */
const BOUNDS_MAX = 8;

/** A measurement known only as a lower bound. */
export interface Bound {
  readonly name: string;
  readonly atLeast: number;
  readonly because: string | undefined;
}

export interface Outcomes {
  /** With every such measurement at its bound. */
  readonly atBounds: Judgement;
  /** With each combination of them at its bound or very long; `null`: there are too many. The first is `atBounds`. */
  readonly all: readonly Judgement[] | null;
  readonly bounds: readonly Bound[];
}

/**
 * What evaluating comes to. Of two storms that both did not end, either may be far the longer, so that lower bounds are
 * not raised together but one by one. A measurement is the same one wherever its name has the same arguments.
 */
export function boundedOutcomes(
  evaluateWith: (resolve: Resolve) => Judgement,
  resolve: (name: string, args: MetricArguments) => MetricValue,
): Outcomes {
  const bounds = new Map<string, Bound>();

  /** Evaluates; bounds that are not yet `set` stand as they are, and the first of them is named. */
  const evaluated = (set: ReadonlyMap<string, 'bound' | 'long'>) => {
    let open: string | null = null;
    const judgement = evaluateWith((name, args): Resolved => {
      const value = resolve(name, args);
      if (typeof value === 'number' || 'unavailable' in value) return value;
      const key = JSON.stringify([name, args]);
      bounds.set(key, { name, atLeast: value.atLeast, because: value.because });
      if (!set.has(key)) open ??= key;
      return set.get(key) === 'long' ? VERY_LONG : value.atLeast;
    });
    return { judgement, open: open as string | null };
  };

  /** `null` once there are too many. What stands in an argument changes which measurements there are further on. */
  const combinations = (set: ReadonlyMap<string, 'bound' | 'long'>): readonly Judgement[] | null => {
    const { judgement, open } = evaluated(set);
    if (open === null) return [judgement];
    if (set.size === BOUNDS_MAX) return null;
    const low = combinations(new Map([...set, [open, 'bound']]));
    const high = low && combinations(new Map([...set, [open, 'long']]));
    return low && high && [...low, ...high];
  };

  const { judgement: atBounds } = evaluated(new Map());
  return { atBounds, all: combinations(new Map()), bounds: [...bounds.values()] };
}
