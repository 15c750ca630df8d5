import type { z } from 'zod';
import type { Draw } from './fault-language.ts';

/** One action of the plan as a kind draws it, without its id and its time. */
export interface DrawnAction {
  readonly description: string;
  readonly zone: string;
  readonly settings: object;
}

/** What an operator may do, in the language of scenarios and of the terminal. */
export interface ActionWords<W = unknown> {
  readonly kind: string;
  /** One line, for `zonestorm actions`. */
  readonly summary: string;
  readonly words: z.ZodType<W>;
  /** An example of its words, as YAML on one line; `zonestorm actions` shows it and a test draws it. */
  readonly example: string;
  /** `null` when a problem was reported. */
  draw(words: W, draw: Draw): DrawnAction | null;
}

/** Every action that a scenario may name. */
export type ActionLanguage = readonly ActionWords[];
