import type { Engine } from '../lab/open-engine.ts';

export interface BenchmarkOptions {
  readonly engine: Engine;
  /** Short cells, to see that it works. */
  readonly quick: boolean;
  /** Measures only cells whose name this matches; for looking at one thing. */
  readonly only: RegExp | null;
  readonly progress: (line: string) => void;
}
