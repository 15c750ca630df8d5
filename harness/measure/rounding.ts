/** Digits a result shows. Finer ones would be noise of the clock and would make two results look different. */
export const round = (value: number, digits: number): number => {
  const factor = 10 ** digits;
  const rounded = Math.round(value * factor) / factor;
  return rounded === 0 ? 0 : rounded; // -0 has no place in a report
};

/** Milliseconds to seconds, to the millisecond. */
export const toSeconds = (ms: number): number => round(ms / 1000, 3);

/** Shares are 0..1 with four digits: a hundredth of a point. */
export const toShare = (share: number): number => round(share, 4);
