import type { Window } from './frame.ts';
import { wilson, Z95 } from './wilson.ts';

/** Within a second requests share one fate whatever happens: shorter blocks would only be more correlated ones. */
const SHORTEST_BLOCK_MS = 1000;
/** Below this, a spread between blocks is a guess. */
const FEWEST_BLOCKS = 6;
/** Neighbouring blocks whose correlation is above this are parts of the same outages. */
const LARGEST_CORRELATION = 0.1;

export interface BlockInterval {
  readonly low: number;
  readonly high: number;
  /** How many blocks the window was cut into, and how long each is. */
  readonly blocks: number;
  readonly blockSeconds: number;
}

/** One trial: when it was due, and whether it succeeded. */
export interface Trial {
  readonly t: number;
  readonly ok: boolean;
}

/**
 * An interval of 95 % for a share of successes over time, which counts outages and not trials: requests of one outage
 * share its fate, so that a thousand of them say as much of how often outages come as one does.
 *
 * The window is cut into blocks of equal length, of a second at first, and twice as long until neighbouring blocks are
 * no longer correlated, that is longer than what goes on from one to the next (batch means with batches that are
 * doubled: A. M. Law and J. S. Carson, Operations Research 27 (1979), https://doi.org/10.1287/opre.27.5.1011). From the
 * spread between blocks follows how many independent trials would be spread as much, and from those Wilson's interval,
 * with Student's quantile for so many blocks (the effective sample size of clustered samples: C. Franco et al., Journal
 * of Survey Statistics and Methodology 7 (2019), https://pmc.ncbi.nlm.nih.gov/articles/PMC6690503). Where all blocks are alike, as
 * at 100 %, each block is one trial.
 *
 * It is of how things went in this window: an outage that comes once, because the scenario says so, is one outage.
 * Own code, as no library was found that has it; its coverage is tested.
 *
 * @returns why there is none, as text, when there are fewer than 6 blocks that are not correlated
 */
export function blockInterval(trials: readonly Trial[], { startT, endT }: Window): BlockInterval | string {
  const n = trials.length;
  if (n === 0) return 'nothing was offered';
  const lastsMs = endT - startT;
  const share = trials.filter(({ ok }) => ok).length / n;
  for (let blockMs = SHORTEST_BLOCK_MS; ; blockMs *= 2) {
    const blocks = Math.floor(lastsMs / blockMs);
    if (blocks < FEWEST_BLOCKS) {
      return blockMs === SHORTEST_BLOCK_MS
        ? `${(lastsMs / 1000).toFixed(1)} s are too short`
        : `outages are too long for ${(lastsMs / 1000).toFixed(1)} s`;
    }
    const residuals = residualsOf(trials, share, blocks, startT, lastsMs / blocks);
    const squares = residuals.reduce((sum, one) => sum + one * one, 0);
    const products = residuals.reduce((sum, one, i) => sum + one * (residuals[i + 1] ?? 0), 0);
    if (squares > 0 && products / squares > LARGEST_CORRELATION) continue;
    // Of a ratio of sums: the residuals are of counts, so that blocks with few trials weigh little.
    const variance = (squares * blocks) / (blocks - 1) / (n * n);
    const effective = squares === 0 ? blocks : (share * (1 - share)) / variance;
    const interval = wilson(share, Math.min(n, effective), studentQuantile95(blocks - 1));
    if (interval === null) return 'nothing was offered';
    return { ...interval, blocks, blockSeconds: lastsMs / blocks / 1000 };
  }
}

/** By block: successes beyond those that the share of all would make of its trials. */
function residualsOf(
  trials: readonly Trial[],
  share: number,
  blocks: number,
  startT: number,
  blockMs: number,
): readonly number[] {
  const residuals = new Array<number>(blocks).fill(0);
  for (const { t, ok } of trials) {
    const block = Math.min(blocks - 1, Math.max(0, Math.floor((t - startT) / blockMs)));
    residuals[block] = (residuals[block] ?? 0) + (ok ? 1 : 0) - share;
  }
  return residuals;
}

/**
 * Student's t for a two-sided interval of 95 %, by its expansion about the normal quantile (M. Abramowitz and I. A.
 * Stegun, Handbook of Mathematical Functions, 26.7.5): from 5 degrees of freedom on it is right to 0.2 %.
 */
export function studentQuantile95(degrees: number): number {
  const z = Z95;
  const terms = [
    (z ** 3 + z) / 4,
    (5 * z ** 5 + 16 * z ** 3 + 3 * z) / 96,
    (3 * z ** 7 + 19 * z ** 5 + 17 * z ** 3 - 15 * z) / 384,
    (79 * z ** 9 + 776 * z ** 7 + 1482 * z ** 5 - 1920 * z ** 3 - 945 * z) / 92_160,
  ];
  return terms.reduce((sum, term, i) => sum + term / degrees ** (i + 1), z);
}
