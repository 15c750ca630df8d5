import type { z } from 'zod';
import type { Plan, PlanFault } from './plan.ts';
import type { Random } from './random.ts';
import type { ContainerSelector, LinkSelector, NodeSelector } from './selectors.ts';

/** What a fault may be aimed at: everything of the plan that is laid out before faults are drawn. */
export type Laid = Pick<Plan, 'zones' | 'routers' | 'containers' | 'links'>;

/** Of a part of the fault's words: `['nodes', 0]`. Problems are reported at its line of the scenario. */
export type WordPath = readonly PropertyKey[];

/**
 * What a fault's words are drawn with. Names that do not exist are reported as problems, with their place, and left
 * out of what is returned; every choice comes from `random`, so the same seed gives the same targets.
 */
export interface Draw {
  readonly laid: Laid;
  readonly random: Random;
  /** From when it is asked for to the end of the phase, s; `null` for a phase that waits for a condition. */
  readonly secondsLeft: number | null;
  /** How long the fault itself is asked to last, s; `null`: to the end of its phase. */
  readonly forSeconds: number | null;
  /** Nodes of one zone. */
  nodes(zone: string, selector: NodeSelector, path: WordPath): string[];
  containers(selector: ContainerSelector, path: WordPath): string[];
  links(selector: LinkSelector, path: WordPath): string[];
  /** A zone that has routers of its own. */
  zone(id: string, path: WordPath): boolean;
  router(id: string, path: WordPath): boolean;
  /** s of a duration such as `250ms`; 0 when it is not one, which is reported. */
  seconds(raw: string, path: WordPath): number;
  mbit(raw: string, path: WordPath): number;
  bytes(raw: string, path: WordPath): number;
  share(raw: string | number, path: WordPath): number;
  problem(path: WordPath, found: string, expected: string): void;
}

/**
 * One fault of the plan as a kind draws it: without the id, and with its time counted from the instant at which the
 * scenario asks for it. A kind may draw several, of another kind even: a swizzle is a number of cuts.
 */
export interface Drawn {
  readonly kind: string;
  readonly description: string;
  /** s after the instant asked for; 0 when left out. */
  readonly afterSeconds?: number;
  /** Left out: as long as the scenario says. */
  readonly forSeconds?: number;
  readonly targets: PlanFault['targets'];
  readonly silences?: readonly string[];
  readonly losesPartnersOf?: readonly string[] | null;
  readonly experience?: PlanFault['experience'];
  readonly limitsDiskTo?: number;
  readonly settings: object;
}

/** A fault in the language of scenarios: what a person may write, and what it comes to. */
export interface FaultWords<W = unknown> {
  readonly kind: string;
  /** One line, for `zonestorm faults`. */
  readonly summary: string;
  readonly words: z.ZodType<W>;
  /** It says itself how long it lasts: `for` is refused beside it. */
  readonly endsByItself?: true;
  /** An example of its words, as YAML on one line; `zonestorm faults` shows it and a test draws it. */
  readonly example: string;
  /** Empty when a problem was reported. */
  draw(words: W, draw: Draw): readonly Drawn[];
}

/** Every fault that a scenario may name. */
export type FaultLanguage = readonly FaultWords[];
