import { timeParameterOf, writtenTimeOf } from './action-time.ts';
import { type Located, type Place, type Problem, problemAt, throwIfAny } from './bad-input-error.ts';
import { expectedName } from './nearest-name.ts';
import {
  ABSENT_SETTINGS,
  BYTES,
  LOAD_KINDS,
  MBIT,
  NODES,
  type ParameterKind,
  PICKED,
  RULE_KINDS,
  SECONDS,
  SPARES,
  STORAGE_KINDS,
  SWITCH,
  THIN_CAPACITY,
  VOLUMES,
} from './parameter-catalogue.ts';
import type { LoadSettings, Parameter, StorageSettings } from './plan.ts';
import { QuantityError, type Scalar } from './quantity.ts';
import type { NamedValue, Scenario, ScenarioFault, Values } from './scenario.ts';
import type { Topology } from './topology.ts';
import { show } from './zod-problems.ts';

/** A parameter's value in this plan: where it was written, and by which of the layers. */
export interface ResolvedValue extends Located<number | string | boolean> {
  readonly unit: string;
  /** `null`: the value that the scenario or the topology gives; otherwise what set it (`--set …`, a switch). */
  readonly setBy: string | null;
}

export interface ResolvedParameters {
  readonly storage: StorageSettings;
  readonly load: LoadSettings;
  /** Rows for the plan, the scenario's own first, in its order. */
  readonly rows: readonly Parameter[];
  /** Of a parameter that is there: a phase's time, a zone's capacity. */
  number(name: string): number;
  /** Of any parameter; the start of the scenario's file when nothing gives it a value. */
  placeOf(name: string): Place;
  has(name: string): boolean;
}

/** The number of nodes that a fault draws, when it draws any. */
export function pickOf({ words }: ScenarioFault): number | null {
  const nodes: unknown = typeof words === 'object' && words !== null && 'nodes' in words ? words.nodes : null;
  if (typeof nodes !== 'object' || nodes === null || !('pick' in nodes)) return null;
  return typeof nodes.pick === 'number' ? nodes.pick : null;
}

interface Known {
  readonly kind: ParameterKind;
  /** The value that the topology or the phase itself gives. */
  readonly declared: Located<Scalar> | null;
}

/** Every parameter that this scenario and topology have. */
function knownParameters(scenario: Scenario, topology: Topology): Map<string, Known> {
  const known = new Map<string, Known>();
  const add = (name: string, kind: ParameterKind, declared: Located<Scalar> | null = null): void => {
    known.set(name, { kind, declared });
  };
  for (const [name, kind] of Object.entries(STORAGE_KINDS)) add(`storage.${name}`, kind);
  for (const [name, kind] of Object.entries(LOAD_KINDS)) add(`load.${name}`, kind);
  for (const [name, kind] of Object.entries(RULE_KINDS)) add(name, kind);
  for (const zone of topology.zones.filter((candidate) => !candidate.regionWide)) {
    const nodes = topology.services.find((service) => service.zone === zone.id && service.role === 'node');
    add(`zones.${zone.id}.nodes`, NODES, nodes?.replicas ?? null);
    // Without a value there are none.
    add(`zones.${zone.id}.spareNodes`, SPARES);
    add(`zones.${zone.id}.volumes`, VOLUMES, zone.volumes);
    for (const network of topology.networks.filter((candidate) => candidate.zone === zone.id)) {
      add(`zones.${zone.id}.${network.plane}.capacity`, MBIT, network.capacity);
      add(`zones.${zone.id}.${network.plane}.queue`, BYTES, network.queue);
    }
  }
  add('thin.capacity', THIN_CAPACITY);
  for (const phase of scenario.phases) {
    const prefix = `phases.${phase.name.value}`;
    if (phase.for !== null) add(`${prefix}.for`, SECONDS, phase.for);
    if (phase.atMost !== null) add(`${prefix}.atMost`, SECONDS, phase.atMost);
    // With two faults that draw, one number would not say whose it is.
    const drawing = phase.faults.filter((fault) => pickOf(fault) !== null);
    const [only] = drawing;
    if (only !== undefined && drawing.length === 1) {
      const at = only.placeOf([only.kind, 'nodes', 'pick']);
      add(`${prefix}.pick`, PICKED, { value: pickOf(only) ?? 0, at });
    }
    for (const action of phase.actions) {
      const name = timeParameterOf(phase, action);
      if (name !== null) add(name, SECONDS, writtenTimeOf(action));
    }
  }
  return known;
}

/** `--set key=value` as a file of one line, so that its errors have places too. */
function overrideValues(overrides: Readonly<Record<string, string>>): Values {
  const named = Object.entries(overrides).map(([key, value]): [string, NamedValue] => {
    const file = `--set ${key}=${value}`;
    return [key, { value, at: { file, line: 1, column: key.length + 2 }, keyAt: { file, line: 1, column: 1 } }];
  });
  return new Map(named);
}

/** What every scenario must give a value to: the fixtures cannot start without. */
const SETTINGS: readonly string[] = [
  ...Object.keys(STORAGE_KINDS).map((name) => `storage.${name}`),
  ...Object.keys(LOAD_KINDS).map((name) => `load.${name}`),
].filter((name) => !(name in ABSENT_SETTINGS));

interface Layer {
  readonly setBy: string | null;
  readonly values: Values;
}

/**
 * Resolves every parameter for one preset. Layers, the later wins: what the topology or the phase declares, the
 * scenario's `parameters`, the preset, switches that are on, `--set`. All presets and switches are checked, also
 * those that this plan does not use.
 * @throws BadInputError with every unknown name, value that does not fit and value that is missing.
 */
export function resolveParameters(
  scenario: Scenario,
  topology: Topology,
  preset: string,
  overrides: Readonly<Record<string, string>>,
): ResolvedParameters {
  const known = knownParameters(scenario, topology);
  const problems: Problem[] = [];
  const resolved = new Map<string, ResolvedValue>();
  const unreadable = new Set<string>();

  const read = (name: string, kind: ParameterKind, { value, at }: Located<Scalar>): ResolvedValue | null => {
    try {
      return { value: kind.parse(value), at, unit: kind.unit, setBy: null };
    } catch (error) {
      if (!(error instanceof QuantityError)) throw error;
      problems.push(problemAt(at, show(value), `${error.expected} for \`${name}\``));
      unreadable.add(name);
      return null;
    }
  };
  const apply = ({ setBy, values }: Layer, use: boolean, names: readonly string[]): void => {
    for (const [name, given] of values) {
      const parameter = known.get(name);
      if (parameter === undefined) {
        problems.push(problemAt(given.keyAt, `the parameter \`${name}\``, expectedName(name, names, 'parameter')));
        continue;
      }
      const value = read(name, parameter.kind, given);
      if (use && value !== null) resolved.set(name, { ...value, setBy });
    }
  };

  for (const [name, { kind, declared }] of known) {
    const value = declared === null ? null : read(name, kind, declared);
    if (value !== null) resolved.set(name, value);
  }
  const parameterNames = [...known.keys()];
  const values = new Map(
    [...scenario.parameters].flatMap(([name, { value, keyAt }]) => {
      if (value !== null) return [[name, { ...value, keyAt }] as const];
      if (known.has(name)) return [];
      problems.push(problemAt(keyAt, `the parameter \`${name}\``, expectedName(name, parameterNames, 'parameter')));
      return [];
    }),
  );
  apply({ setBy: null, values }, true, parameterNames);
  for (const [name, presetValues] of scenario.presets) {
    apply({ setBy: null, values: presetValues }, name === preset, parameterNames);
  }

  const set = overrideValues(overrides);
  const switched = new Map<string, boolean>();
  for (const [name, { set: common, presets }] of scenario.switches) {
    const asked = set.get(name);
    const on = asked !== undefined && read(name, SWITCH, asked)?.value === true;
    switched.set(name, on);
    apply({ setBy: `${name}=true`, values: common }, on, parameterNames);
    for (const [p, presetValues] of presets) {
      apply({ setBy: `${name}=true`, values: presetValues }, on && p === preset, parameterNames);
    }
  }
  const names = [...parameterNames, ...scenario.switches.keys()];
  const plain = new Map([...set].filter(([name]) => !scenario.switches.has(name)));
  apply({ setBy: '--set', values: plain }, true, names);
  applyThinCapacity(topology, resolved);

  const start: Place = { file: scenario.file, line: 1, column: 1 };
  for (const name of [...SETTINGS].filter((setting) => !resolved.has(setting) && !unreadable.has(setting))) {
    const at = scenario.parameters.get(name)?.keyAt ?? start;
    problems.push(problemAt(at, `no value for \`${name}\` in the preset \`${preset}\``, 'one'));
  }
  throwIfAny(problems);

  const number = (name: string): number => {
    const value = resolved.get(name)?.value ?? ABSENT_SETTINGS[name];
    if (typeof value !== 'number') throw new Error(`no number for the parameter ${name}`);
    return value;
  };
  return {
    storage: settings(STORAGE_KINDS, (name) => number(`storage.${name}`)),
    load: settings(LOAD_KINDS, (name) => number(`load.${name}`)),
    rows: rowsOf(scenario, resolved, switched),
    number,
    placeOf: (name) => resolved.get(name)?.at ?? start,
    has: (name) => resolved.has(name),
  };
}

function settings<N extends string>(kinds: Record<N, ParameterKind>, number: (name: string) => number) {
  return Object.fromEntries(Object.keys(kinds).map((name) => [name, number(name)])) as Record<N, number>;
}

function applyThinCapacity(topology: Topology, resolved: Map<string, ResolvedValue>): void {
  const thin = resolved.get('thin.capacity');
  if (thin === undefined) return;
  for (const zone of topology.zones) {
    const name = `zones.${zone.id}.replication.capacity`;
    const value = thin.value === 'primary' ? resolved.get(`zones.${zone.id}.primary.capacity`)?.value : thin.value;
    if (resolved.has(name) && value !== undefined) {
      resolved.set(name, { ...thin, value, setBy: `thin.capacity=${thin.value}` });
    }
  }
}

function rowsOf(
  scenario: Scenario,
  resolved: ReadonlyMap<string, ResolvedValue>,
  switched: ReadonlyMap<string, boolean>,
): Parameter[] {
  const names = new Set([...scenario.parameters.keys(), ...resolved.keys()]);
  const rows = [...names].flatMap((name): Parameter[] => {
    const found = resolved.get(name);
    if (found === undefined) return [];
    const { value, unit, setBy, at } = found;
    const said = scenario.parameters.get(name);
    // A value that this run was given by hand is chosen, whatever the scenario's own was.
    if (setBy !== null) return [{ name, value, unit, origin: 'chosen', why: `Set for this run by ${setBy}.` }];
    const origin = said?.origin ?? 'chosen';
    return [
      { name, value, unit, origin, why: said?.why ?? `As ${at.file}:${at.line} has it; no reason is given there.` },
    ];
  });
  const switches = [...scenario.switches].map(([name, { origin, why }]): Parameter => {
    const on = switched.get(name) === true;
    return { name, value: on, unit: SWITCH.unit, origin: on ? 'chosen' : origin, why };
  });
  return [...switches, ...rows];
}
