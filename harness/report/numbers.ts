/** Numbers as people read them. Every renderer uses these, so that no two show one number differently. */

export const integer = (value: number): string => Math.round(value).toLocaleString('en-US');

/** `1 volume`, `12 volumes`. */
export const count = (value: number, noun: string): string => `${integer(value)} ${noun}${value === 1 ? '' : 's'}`;

/** A share as per cent, never rounded to 100 nor to 0 when it is not: 0.9999 is 99.99 %, 0.00004 is 0.004 %. */
export function percent(share: number): string {
  const value = share * 100;
  let text = value.toFixed(1);
  for (let digits = 2; digits <= 8 && isRoundedAway(Number(text), share); digits += 1) text = value.toFixed(digits);
  return `${text} %`;
}

const isRoundedAway = (shown: number, share: number): boolean =>
  (shown === 100 && share < 1) || (shown === 0 && share > 0);

export const seconds = (value: number): string => `${value.toFixed(1)} s`;

/** `4 ms`, `340 ms`, `1,240 ms`; `≥` before a lower bound; a dash for nothing. */
export const milliseconds = (value: number | null, atLeast = false): string =>
  value === null ? '–' : `${atLeast ? '≥ ' : ''}${value < 10 ? value.toFixed(1) : integer(value)} ms`;

export function bytes(value: number): string {
  if (value < 1000) return `${value} B`;
  if (value < 1e6) return `${(value / 1e3).toFixed(1)} kB`;
  return value < 1e9 ? `${(value / 1e6).toFixed(1)} MB` : `${(value / 1e9).toFixed(2)} GB`;
}

export const megabits = (value: number | null): string => (value === null ? '–' : `${value.toFixed(1)} Mbit/s`);

export const number = (value: number | null): string => (value === null ? '–' : String(Number(value.toPrecision(4))));

/** A share, or why there is none. */
export const percentOr = (share: number | null, otherwise = '–'): string =>
  share === null ? otherwise : percent(share);
