/** Standard normal quantile of a two-sided interval of 95 %. */
const Z = 1.959964;

/**
 * Wilson's score interval for a share of successes, 95 %. Unlike the plain one it stays inside 0..1 and does not
 * shrink to nothing when all or none succeeded. E. B. Wilson, JASA 22 (1927), https://doi.org/10.2307/2276774
 */
export function wilson(successes: number, trials: number): { readonly low: number; readonly high: number } | null {
  if (trials === 0) return null;
  const share = successes / trials;
  const z2 = Z * Z;
  const centre = share + z2 / (2 * trials);
  const spread = Z * Math.sqrt((share * (1 - share)) / trials + z2 / (4 * trials * trials));
  const scale = 1 + z2 / trials;
  return { low: Math.max(0, (centre - spread) / scale), high: Math.min(1, (centre + spread) / scale) };
}
