/** One run of a campaign. */
export interface Turn {
  readonly arm: string;
  readonly seed: number;
}

/**
 * All arms of one seed, then all of the next, and each seed begins one arm later than the seed before: what changes
 * slowly on the machine (its temperature, its disk, other load) then meets every arm alike, and so does being first.
 */
export function interleave(arms: readonly string[], seeds: readonly number[]): readonly Turn[] {
  return seeds.flatMap((seed, round) =>
    arms.map((_, place) => ({ arm: arms[(round + place) % arms.length] ?? '', seed })),
  );
}
