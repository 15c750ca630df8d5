import type { ActionLanguage } from './action-language.ts';
import { BadInputError, type Located, problemAt, throwIfAny } from './bad-input-error.ts';
import type { FaultLanguage } from './fault-language.ts';
import type { Scalar } from './quantity.ts';
import type {
  NamedValue,
  Scenario,
  ScenarioAction,
  ScenarioFault,
  ScenarioParameter,
  ScenarioPhase,
  ScenarioSwitch,
  Values,
} from './scenario.ts';
import { type ScenarioFile, scenarioSchema } from './scenario-schema.ts';
import { parseYaml, type YamlSource } from './yaml-source.ts';
import { zodProblems } from './zod-problems.ts';

/** One scenario file by itself, before what it extends is merged in. `null`: the file does not say. */
export interface ScenarioPart extends Omit<Scenario, 'topology' | 'phases' | 'expectations'> {
  readonly extends: Located<string> | null;
  readonly topology: Located<string> | null;
  readonly phases: readonly ScenarioPhase[] | null;
  readonly expectations: readonly Located<string>[] | null;
}

/**
 * Reads one scenario file. Pure: `file` is only shown in errors.
 * @throws BadInputError with every problem of its shape.
 */
export function readScenarioPart(
  file: string,
  text: string,
  language: FaultLanguage,
  actions: ActionLanguage = [],
): ScenarioPart {
  const source = parseYaml(file, text);
  const parsed = scenarioSchema(language, actions).safeParse(source.value);
  if (!parsed.success) {
    throwIfAny(zodProblems(parsed.error, source));
    throw parsed.error;
  }
  const data = parsed.data;
  const located = (key: 'extends' | 'topology' | 'event' | 'defaultPreset'): Located<string> | null => {
    const value = data[key];
    return value === undefined ? null : { value, at: source.placeOf([key]) };
  };
  return {
    file,
    name: data.name,
    title: data.title,
    extends: located('extends'),
    topology: located('topology'),
    event: located('event'),
    defaultPreset: located('defaultPreset'),
    parameters: parametersOf(data, source),
    presets: valuesByPreset(data.presets, ['presets'], source),
    switches: switchesOf(data, source),
    phases: data.phases?.map((phase, i) => phaseOf(phase, i, source)) ?? null,
    expectations: data.expect?.map((value, i) => ({ value, at: source.placeOf(['expect', i], 'text') })) ?? null,
  };
}

function valuesOf(values: Record<string, Scalar> | undefined, path: readonly string[], source: YamlSource): Values {
  const named = Object.entries(values ?? {}).map(([key, value]): [string, NamedValue] => [
    key,
    { value, at: source.placeOf([...path, key]), keyAt: source.placeOf([...path, key], 'key') },
  ]);
  return new Map(named);
}

function valuesByPreset(
  presets: Record<string, Record<string, Scalar>> | undefined,
  path: readonly string[],
  source: YamlSource,
): Map<string, Values> {
  return new Map(
    Object.entries(presets ?? {}).map(([preset, values]) => [preset, valuesOf(values, [...path, preset], source)]),
  );
}

function parametersOf(data: ScenarioFile, source: YamlSource): Map<string, ScenarioParameter> {
  return new Map(
    Object.entries(data.parameters ?? {}).map(([name, { value, origin, why }]) => {
      const at = source.placeOf(['parameters', name, 'value']);
      const keyAt = source.placeOf(['parameters', name], 'key');
      return [name, { value: value === undefined ? null : { value, at }, origin, why, keyAt }];
    }),
  );
}

function switchesOf(data: ScenarioFile, source: YamlSource): Map<string, ScenarioSwitch> {
  return new Map(
    Object.entries(data.switches ?? {}).map(([name, { origin, why, set, presets }]) => {
      const path = ['switches', name];
      return [
        name,
        {
          origin,
          why,
          set: valuesOf(set, [...path, 'set'], source),
          presets: valuesByPreset(presets, [...path, 'presets'], source),
          keyAt: source.placeOf(path, 'key'),
        },
      ];
    }),
  );
}

type PhaseFile = NonNullable<ScenarioFile['phases']>[number];

function phaseOf(entry: PhaseFile, index: number, source: YamlSource): ScenarioPhase {
  const [name, phase] = Object.entries(entry)[0] ?? ['', {}];
  const path = ['phases', index, name];
  const located = (key: 'for' | 'atMost'): Located<Scalar> | null => {
    const value = phase[key];
    return value === undefined ? null : { value, at: source.placeOf([...path, key]) };
  };
  return {
    name: { value: name, at: source.placeOf(path, 'key') },
    for: located('for'),
    until: phase.until ?? null,
    atMost: located('atMost'),
    faults: (phase.faults ?? []).map((fault, i) =>
      faultOf(fault, (inner) => source.placeOf([...path, 'faults', i, ...inner])),
    ),
    actions: (phase.actions ?? []).map((action, i) =>
      actionOf(action, (inner) => source.placeOf([...path, 'actions', i, ...inner])),
    ),
  };
}

function faultOf(
  { at, for: lasts, every, times, ...named }: NonNullable<PhaseFile[string]['faults']>[number],
  placeOf: ScenarioFault['placeOf'],
): ScenarioFault {
  const [kind, words] = Object.entries(named)[0] ?? ['', {}];
  return {
    kind,
    words,
    at: at === undefined ? null : typeof at === 'string' ? at : at.between,
    for: lasts ?? null,
    every: every ?? null,
    times: times ?? 1,
    placeOf,
  };
}

function actionOf(
  { at, ...named }: NonNullable<PhaseFile[string]['actions']>[number],
  placeOf: ScenarioAction['placeOf'],
): ScenarioAction {
  const [kind, words] = Object.entries(named)[0] ?? ['', {}];
  return { kind, words, at: at === undefined ? null : typeof at === 'string' ? at : at.between, placeOf };
}

function merged<T>(base: ReadonlyMap<string, T>, own: ReadonlyMap<string, T>, join: (b: T, o: T) => T): Map<string, T> {
  const result = new Map(base);
  for (const [key, value] of own) {
    const inherited = base.get(key);
    result.set(key, inherited === undefined ? value : join(inherited, value));
  }
  return result;
}

function withoutPhases<T>(named: ReadonlyMap<string, T>): Map<string, T> {
  return new Map([...named].filter(([name]) => !name.startsWith('phases.')));
}

/** What a part with phases of its own inherits: values of the phases that it replaces mean nothing in it. */
function withoutPhaseValues(base: ScenarioPart): ScenarioPart {
  const byPreset = (presets: ReadonlyMap<string, Values>) =>
    new Map([...presets].map(([preset, values]) => [preset, withoutPhases(values)]));
  return {
    ...base,
    parameters: withoutPhases(base.parameters),
    presets: byPreset(base.presets),
    switches: new Map(
      [...base.switches].map(([name, entry]) => [
        name,
        { ...entry, set: withoutPhases(entry.set), presets: byPreset(entry.presets) },
      ]),
    ),
  };
}

/** What `part` says replaces its part of `base`; parameters, switches and presets are merged by name. */
export function extendPart(base: ScenarioPart, part: ScenarioPart): ScenarioPart {
  const inherited = part.phases === null ? base : withoutPhaseValues(base);
  return {
    ...part,
    topology: part.topology ?? inherited.topology,
    event: part.event ?? inherited.event,
    defaultPreset: part.defaultPreset ?? inherited.defaultPreset,
    parameters: merged(inherited.parameters, part.parameters, (_, own) => own),
    presets: merged(inherited.presets, part.presets, (values, own) => merged(values, own, (_, value) => value)),
    switches: merged(inherited.switches, part.switches, (_, own) => own),
    phases: part.phases ?? inherited.phases,
    expectations: part.expectations ?? inherited.expectations,
  };
}

/** @throws BadInputError when neither the file nor what it extends has a topology, phases or a preset. */
export function completeScenario(part: ScenarioPart): Scenario {
  const { topology, phases, extends: _, ...rest } = part;
  const start = { file: part.file, line: 1, column: 1 };
  const missing = (what: string) =>
    problemAt(start, `no \`${what}\``, `\`${what}\`, here or in what this file extends`);
  if (topology === null) throw new BadInputError(missing('topology'));
  if (phases === null) throw new BadInputError(missing('phases'));
  if (part.presets.size === 0) throw new BadInputError(missing('presets'));
  return { ...rest, topology, phases, expectations: part.expectations ?? [] };
}
