import { BadCampaignError } from './bad-campaign-error.ts';

/** Where to look for a boundary: from `lowest` to `highest` of one parameter. */
export interface Range {
  readonly key: string;
  readonly lowest: number;
  readonly highest: number;
  /** As the parameter's values are written, such as `s`; empty for a plain number. */
  readonly unit: string;
  /** Both ends are whole numbers without a unit, so only whole numbers are tried. */
  readonly whole: boolean;
  /** The bracket is narrow enough when it is at most so wide. */
  readonly tolerance: number;
}

const RANGE = /^([A-Za-z0-9._-]+)=(\d+(?:\.\d+)?)([A-Za-z%]*)\.\.(\d+(?:\.\d+)?)([A-Za-z%]*)$/;
/** Of a range of numbers that are not whole, as no other step is natural. */
const DEFAULT_TOLERANCE = 1 / 16;

/** `phases.misroute.for=0.2s..2s`, `storage.slotsPerNode=17..22`. @throws BadCampaignError */
export function parseRange(text: string, tolerance?: number): Range {
  const [, key, from, fromUnit = '', to, unit = ''] = RANGE.exec(text) ?? [];
  const [lowest, highest] = [Number(from), Number(to)];
  if (key === undefined || !(lowest < highest) || (fromUnit !== '' && fromUnit !== unit)) {
    throw new BadCampaignError(
      `--over ${text}: expected key=lo..hi in one unit, the lower end first, like phases.misroute.for=0.2s..2s`,
    );
  }
  const whole = unit === '' && Number.isInteger(lowest) && Number.isInteger(highest);
  return { key, lowest, highest, unit, whole, tolerance: tolerance ?? defaultTolerance(whole, highest - lowest) };
}

const defaultTolerance = (whole: boolean, width: number): number => (whole ? 1 : width * DEFAULT_TOLERANCE);

/** The value as `--set` takes it: a whole number to its last digit, others with six, free of floating-point noise. */
export const valueAt = ({ unit }: Range, at: number): string =>
  `${Number.isInteger(at) ? at : Number(at.toPrecision(6))}${unit}`;

/** What the runs at one value came to; `null`: too few of them prove anything. */
export interface Probed {
  readonly at: number;
  readonly outlives: boolean | null;
}

export type Step =
  | { readonly kind: 'probe'; readonly at: number }
  /** It differs at the two ends, and nothing was tried between them. */
  | { readonly kind: 'bracket'; readonly from: Probed; readonly to: Probed }
  /** The two ends of the range do not differ: there is no boundary, or more than one. */
  | { readonly kind: 'same'; readonly outlives: boolean }
  | { readonly kind: 'undecided'; readonly at: number };

/**
 * What to do next, given all that was tried: the ends first, and then the middle of the bracket, until it is narrow
 * enough. Between the ends it takes for granted that there is one boundary; where there are several, the bracket still
 * has one of them in it, as its ends differ.
 */
export function nextStep(range: Range, probed: readonly Probed[]): Step {
  const found = (at: number): Probed | undefined => probed.find((probe) => probe.at === at);
  let [from, to] = [found(range.lowest), found(range.highest)];
  if (from === undefined) return { kind: 'probe', at: range.lowest };
  if (from.outlives === null) return { kind: 'undecided', at: from.at };
  if (to === undefined) return { kind: 'probe', at: range.highest };
  if (to.outlives === null) return { kind: 'undecided', at: to.at };
  if (from.outlives === to.outlives) return { kind: 'same', outlives: from.outlives };
  for (;;) {
    const middle = middleOf(range, from.at, to.at);
    if (middle === null) return { kind: 'bracket', from, to };
    const between = found(middle);
    if (between === undefined) return { kind: 'probe', at: middle };
    if (between.outlives === null) return { kind: 'undecided', at: middle };
    if (between.outlives === from.outlives) from = between;
    else to = between;
  }
}

/** `null`: the bracket is narrow enough. Six digits, as the value is written so and must be found again. */
function middleOf({ whole, tolerance }: Range, from: number, to: number): number | null {
  // Floating-point noise must not make one more step.
  if (to - from <= tolerance * (1 + 1e-9)) return null;
  const middle = whole ? Math.floor((from + to) / 2) : Number(((from + to) / 2).toPrecision(6));
  return middle <= from || middle >= to ? null : middle;
}
