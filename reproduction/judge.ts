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

/** `null` where the value's bounds do not say, or there is none. */
export const below =
  (metric: string, limit: number): Holds =>
  ({ values }) => {
    const { atLeast, atMost } = values[metric] ?? { atLeast: null, atMost: null };
    if (atMost !== null && atMost < limit) return true;
    return atLeast !== null && atLeast >= limit ? false : null;
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
    const { atLeast, atMost } = values[metric] ?? { atLeast: null, atMost: null };
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
