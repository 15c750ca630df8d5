/** Seeded draws. The same seed and label give the same draws on every machine and in every version of Node. */
export interface Random {
  /** Uniform in [0, 1), 32 bits. */
  next(): number;
  /** Uniform in 0..bound-1. */
  below(bound: number): number;
  /** A shuffled copy. */
  shuffled<T>(items: readonly T[]): T[];
}

/** 32-bit FNV-1a with a final mix, so that labels that differ in one character give unrelated states. */
function hash(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/**
 * The stream of draws for one purpose. Each purpose has its own label and so its own stream: a draw added for one
 * fault does not change the placement, nor another fault's targets. sfc32, public domain, by Chris Doty-Humphrey.
 */
export function randomFor(seed: number, label: string): Random {
  let a = hash(`${seed}/${label}/a`);
  let b = hash(`${seed}/${label}/b`);
  let c = hash(`${seed}/${label}/c`);
  let counter = 1;
  const bits = (): number => {
    const t = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + t) | 0;
    return t >>> 0;
  };
  for (let i = 0; i < 12; i += 1) bits();
  const next = (): number => bits() / 2 ** 32;
  const below = (bound: number): number => Math.floor(next() * bound);
  return {
    next,
    below,
    shuffled<T>(items: readonly T[]): T[] {
      const copy = [...items];
      for (let i = copy.length - 1; i > 0; i -= 1) {
        const j = below(i + 1);
        const [x, y] = [copy[i], copy[j]];
        if (x !== undefined && y !== undefined) [copy[i], copy[j]] = [y, x];
      }
      return copy;
    },
  };
}
