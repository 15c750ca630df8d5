/** Standard normal quantile of a two-sided interval of 95 %. */
export const Z95 = 1.959964;

/**
 * Wilson's score interval for a share of successes among independent trials, 95 %. Unlike the plain one it stays inside
 * 0..1 and does not shrink to nothing when all or none succeeded. E. B. Wilson, JASA 22 (1927),
 * https://doi.org/10.2307/2276774
 *
 * @param trials how many; of trials that depend on one another, how many independent ones they are worth
 * @param quantile larger where that number is an estimate itself
 */
export function wilson(
  share: number,
  trials: number,
  quantile = Z95,
): { readonly low: number; readonly high: number } | null {
  if (trials === 0) return null;
  const z2 = quantile * quantile;
  const centre = share + z2 / (2 * trials);
  const spread = quantile * Math.sqrt((share * (1 - share)) / trials + z2 / (4 * trials * trials));
  const scale = 1 + z2 / trials;
  return { low: Math.max(0, (centre - spread) / scale), high: Math.min(1, (centre + spread) / scale) };
}
