import { type RunRow, type Share, shareOf } from '../harness/campaign/arm-summary.ts';

/**
 * Whether one run has what is claimed; `null`: it cannot tell. `control`: the control's run of the same seed, where
 * that is conclusive.
 */
export type Holds = (run: RunRow, control: RunRow | undefined) => boolean | null;

export interface Question {
  readonly holds: Holds;
  /** Which runs the claim is about; the others are set aside, and as many seeds fewer are needed. */
  readonly meant?: Holds | undefined;
  /** Seeds that the claim was made for. */
  readonly needs: number;
  /** Least share of them that must have it. */
  readonly atLeast: number;
}

export interface Judged {
  /** `too few`: not enough seeds that can tell, and those that can do not refute it yet. */
  readonly outcome: 'holds' | 'does not hold' | 'too few';
  readonly share: Share;
  /** Without those that are set aside. */
  readonly needs: number;
  readonly setAside: number;
}

/**
 * Judges by the conclusive runs. A claim never holds by fewer seeds than it was made for; it is refuted as soon as more
 * seeds lack it than may.
 */
export function judge(runs: readonly RunRow[], question: Question, controls: readonly RunRow[] = []): Judged {
  const { holds, meant, atLeast } = question;
  const isConclusive = ({ state }: RunRow): boolean => state === 'conclusive';
  const bySeed = new Map(controls.filter(isConclusive).map((run) => [run.seed, run]));
  const all = runs.filter(isConclusive).map((run) => [run, bySeed.get(run.seed)] as const);
  const about = all.filter(([run, control]) => meant === undefined || meant(run, control) !== false);
  const setAside = all.length - about.length;
  const needs = Math.max(1, question.needs - setAside);
  const share = shareOf(
    about.map(([run, control]) => (meant !== undefined && meant(run, control) === null ? null : holds(run, control))),
  );
  const { yes, of } = share;
  // Of floating-point shares such as 7/8 the product must not rise above the whole number that is meant.
  const enough = (seeds: number) => Math.ceil(seeds * atLeast - 1e-9);
  const judged = { share, needs, setAside };
  if (of >= needs) return { ...judged, outcome: yes >= enough(of) ? 'holds' : 'does not hold' };
  return { ...judged, outcome: of - yes > needs - enough(needs) ? 'does not hold' : 'too few' };
}

/** What is asked of the runs of all seeds together: that two metrics have means that differ by no more than so much. */
export interface PooledQuestion {
  readonly metric: string;
  readonly other: string;
  readonly tolerance: number;
  /** Seeds that the claim was made for. */
  readonly needs: number;
}

export interface PooledJudged {
  readonly outcome: Judged['outcome'];
  /** Conclusive runs that have both; the means are theirs. */
  readonly of: number;
  readonly mean: number | null;
  readonly otherMean: number | null;
}

/**
 * With fewer seeds than the claim was made for it is neither held nor refuted: those to come may move a mean. A seed in
 * which both are 0 agrees whatever the truth of the claim, and would draw the means together: it does not count.
 */
export function judgePooled(
  runs: readonly RunRow[],
  { metric, other, tolerance, needs }: PooledQuestion,
): PooledJudged {
  const pairs = runs
    .filter(({ state }) => state === 'conclusive')
    .map(({ values }) => [known(values[metric]), known(values[other])] as const)
    .filter((pair): pair is readonly [number, number] => pair.every((value) => value !== null))
    .filter((pair) => pair.some((value) => value > 0));
  const of = pairs.length;
  if (of === 0) return { outcome: 'too few', of, mean: null, otherMean: null };
  const meanOf = (index: 0 | 1): number => pairs.reduce((sum, pair) => sum + pair[index], 0) / of;
  const [mean, otherMean] = [meanOf(0), meanOf(1)];
  const isWithin = Math.abs(mean - otherMean) <= tolerance + ROUNDING;
  return { outcome: of < needs ? 'too few' : isWithin ? 'holds' : 'does not hold', of, mean, otherMean };
}

/** Shares are kept with nine digits. */
const ROUNDING = 1e-9;
const NOTHING = { atLeast: null, atMost: null } as const;
const known = ({ atLeast, atMost }: RunRow['values'][string] = NOTHING): number | null =>
  atLeast === atMost ? atLeast : null;

/** `null` where the value's bounds do not say, or there is none. */
export const below =
  (metric: string, limit: number): Holds =>
  ({ values }) => {
    const { atLeast, atMost } = values[metric] ?? NOTHING;
    if (atMost !== null && atMost < limit) return true;
    return atLeast !== null && atLeast >= limit ? false : null;
  };

/** Of two metrics of the same run. */
export const lessThan =
  (metric: string, other: string, times = 1): Holds =>
  ({ values }) => {
    const { atLeast: low, atMost: high } = values[metric] ?? NOTHING;
    const { atLeast: otherLow, atMost: otherHigh } = values[other] ?? NOTHING;
    if (high !== null && otherLow !== null && high < times * otherLow) return true;
    return low !== null && otherHigh !== null && low >= times * otherHigh ? false : null;
  };

export const not =
  (holds: Holds): Holds =>
  (run, control) => {
    const held = holds(run, control);
    return held === null ? null : !held;
  };

export const atLeastIs = (metric: string, limit: number): Holds => not(below(metric, limit));
/** Of numbers that are counted. */
export const isNone = (metric: string): Holds => below(metric, 0.5);

export const both =
  (...each: readonly Holds[]): Holds =>
  (run, control) => {
    const held = each.map((holds) => holds(run, control));
    if (held.includes(false)) return false;
    return held.includes(null) ? null : true;
  };

export const within =
  (metric: string, distance: number): Holds =>
  ({ values }) => {
    const { atLeast, atMost } = values[metric] ?? NOTHING;
    // A ten-thousandth is the digit to which shares are measured.
    return atLeast === null || atMost === null
      ? null
      : Math.max(Math.abs(atLeast), Math.abs(atMost)) <= distance + 1e-9;
  };

/** At most such a share of what the same seed has in the control. */
export const atMostOfControl =
  (metric: string, share: number): Holds =>
  (run, control) => {
    const here = run.values[metric];
    const there = control?.values[metric];
    if (here === undefined || there === undefined) return null;
    if (here.atMost !== null && there.atLeast !== null && here.atMost <= share * there.atLeast) return true;
    return here.atLeast !== null && there.atMost !== null && here.atLeast > share * there.atMost ? false : null;
  };
