import type { Located, Place } from './bad-input-error.ts';
import type { Origin } from './plan.ts';
import type { Scalar } from './quantity.ts';

/** A scenario with what it extends merged in. Each value keeps the place, and so the file, where it was written. */
export interface Scenario {
  readonly file: string;
  readonly name: string;
  readonly title: string;
  /** As written: relative to the file of its place. */
  readonly topology: Located<string>;
  /** As written, as the topology's. */
  readonly event: Located<string> | null;
  readonly defaultPreset: Located<string> | null;
  readonly parameters: ReadonlyMap<string, ScenarioParameter>;
  readonly presets: ReadonlyMap<string, Values>;
  readonly switches: ReadonlyMap<string, ScenarioSwitch>;
  readonly phases: readonly ScenarioPhase[];
  readonly expectations: readonly Located<string>[];
}

/** Values by parameter name. */
export type Values = ReadonlyMap<string, NamedValue>;
export interface NamedValue extends Located<Scalar> {
  readonly keyAt: Place;
}

export interface ScenarioParameter {
  readonly value: Located<Scalar> | null;
  readonly origin: Origin;
  readonly why: string;
  readonly keyAt: Place;
}

/** A named set of values, off unless asked for. */
export interface ScenarioSwitch {
  readonly origin: Origin;
  readonly why: string;
  readonly set: Values;
  readonly presets: ReadonlyMap<string, Values>;
  readonly keyAt: Place;
}

export interface ScenarioPhase {
  readonly name: Located<string>;
  readonly for: Located<Scalar> | null;
  readonly until: 'recovered' | 'mirrored' | null;
  readonly atMost: Located<Scalar> | null;
  readonly faults: readonly ScenarioFault[];
  readonly actions: readonly ScenarioAction[];
}

export type ScenarioAction = Pick<ScenarioFault, 'kind' | 'words' | 'at' | 'placeOf'>;

export interface ScenarioFault {
  readonly kind: string;
  /** As the schema of its kind read them. */
  readonly words: unknown;
  readonly at: string | readonly [string, string] | null;
  readonly for: string | null;
  readonly every: string | null;
  readonly times: number;
  /** The place of a part of it, such as `['misroute', 'zone']` or `['at']`. */
  placeOf(path: readonly PropertyKey[]): Place;
}
