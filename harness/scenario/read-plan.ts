import { LineCounter, parseDocument } from 'yaml';
import { z } from 'zod';
import { BadInputError, type Place, type Problem, problemAt, throwIfAny } from './bad-input-error.ts';
import { expectationProblems } from './build-plan.ts';
import { type KnownNames, namesOfPlan } from './known-names.ts';
import { misnamed, type Unplaced, unknownName, unplaced } from './misnamed.ts';
import type { Plan, PlanFault } from './plan.ts';
import { planSchema } from './plan-schema.ts';
import { parseYaml, type YamlSource } from './yaml-source.ts';
import { zodProblems } from './zod-problems.ts';

export interface ReadPlanOptions {
  /** Every kind of fault that can be carried out, and what its settings have to be. */
  readonly faultSettings: ReadonlyMap<string, z.ZodType>;
  /** The same of actions; none when left out. */
  readonly actionSettings?: ReadonlyMap<string, z.ZodType> | undefined;
  /** As for a scenario: names that expectations may use. */
  readonly knownNames?: KnownNames | undefined;
}

/** A plan of many faults with many links has some megabytes. */
const CHARACTERS_MAX = 64 * 1024 * 1024;
const VERSION: Plan['schemaVersion'] = 2;

/**
 * Reads the plan of an earlier run, to carry it out again exactly. Pure: `file` is only shown in errors.
 * @throws BadInputError with every problem, at its line and column of the file.
 */
export function readPlan(file: string, text: string, options: ReadPlanOptions): Plan {
  const value = parseJson(file, text);
  // JSON is YAML, whose parser knows where everything stands. It is slow, so only a file with a mistake is read by it.
  const located = (): YamlSource => parseYaml(file, text, CHARACTERS_MAX);
  requireVersion(value, located);
  const parsed = planSchema.safeParse(value);
  if (!parsed.success) {
    throwIfAny(zodProblems(parsed.error, located()));
    throw parsed.error;
  }
  const plan = parsed.data;
  const problems = [
    ...misnamed(plan),
    ...faultProblems(plan, options.faultSettings),
    ...actionProblems(plan, options.actionSettings ?? new Map()),
    ...badExpectations(plan, options.knownNames && namesOfPlan(plan, options.knownNames)),
  ];
  if (problems.length > 0) {
    const source = located();
    throwIfAny(problems.flatMap((problemsAt) => problemsAt(source)));
  }
  return plan;
}

function parseJson(file: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const found = error instanceof Error ? error.message : String(error);
    const at: Place = { file, ...placeOfSyntaxError(text, found) };
    throw new BadInputError(problemAt(at, `bad JSON (${found.replace(/\s+/g, ' ')})`, 'a plan.json'));
  }
}

/** V8 tells the place of some errors only; of others the YAML parser knows it, which takes JSON's scalars alone. */
function placeOfSyntaxError(text: string, message: string): Omit<Place, 'file'> {
  const [, line, column] = /\(line (\d+) column (\d+)\)/.exec(message) ?? [];
  if (line !== undefined && column !== undefined) return { line: Number(line), column: Number(column) };
  const counter = new LineCounter();
  const { errors } = parseDocument(text, { schema: 'json', lineCounter: counter, prettyErrors: false });
  const place = counter.linePos(errors[0]?.pos[0] ?? 0);
  return { line: Math.max(place.line, 1), column: Math.max(place.col, 1) };
}

function requireVersion(value: unknown, located: () => YamlSource): void {
  if (typeof value !== 'object' || value === null || !('schemaVersion' in value)) return;
  if (typeof value.schemaVersion !== 'number' || value.schemaVersion === VERSION) return;
  const found = `a plan of schema version ${value.schemaVersion}`;
  const expected = `version ${VERSION}, the only one that this zonestorm reads: make the plan anew from its scenario`;
  throw new BadInputError(problemAt(located().placeOf(['schemaVersion']), found, expected));
}

/** Kinds that nobody carries out, settings that a kind does not take, and faults that are not in the order of time. */
function faultProblems(plan: Plan, faultSettings: ReadonlyMap<string, z.ZodType>): Unplaced[] {
  return plan.phases.flatMap(({ faults }, i) =>
    faults.flatMap((fault, j): Unplaced[] => {
      const path = ['phases', i, 'faults', j];
      const before = faults[j - 1]?.atSeconds ?? 0;
      const late = `at least the ${before} s of the fault before it`;
      return [
        ...(fault.atSeconds < before ? [unplaced([...path, 'atSeconds'], `${fault.atSeconds} s`, late)] : []),
        ...settingsProblems(fault, path, faultSettings),
      ];
    }),
  );
}

function actionProblems(plan: Plan, actionSettings: ReadonlyMap<string, z.ZodType>): Unplaced[] {
  return plan.phases.flatMap(({ actions }, i) =>
    actions.flatMap((action, j) => settingsProblems(action, ['phases', i, 'actions', j], actionSettings, 'action')),
  );
}

function settingsProblems(
  fault: Pick<PlanFault, 'kind' | 'settings'>,
  path: readonly PropertyKey[],
  faultSettings: ReadonlyMap<string, z.ZodType>,
  what = 'fault',
): Unplaced[] {
  const settings = faultSettings.get(fault.kind);
  if (settings === undefined) return [unknownName(fault.kind, [...path, 'kind'], [...faultSettings.keys()], what)];
  const checked = settings.safeParse(fault.settings);
  if (checked.success) return [];
  const issues = checked.error.issues.map((issue) => ({ ...issue, path: [...path, 'settings', ...issue.path] }));
  return [(source) => zodProblems(new z.ZodError(issues), source)];
}

function badExpectations(plan: Plan, names: readonly string[] | undefined): Unplaced[] {
  return plan.expectations.flatMap(({ text }, i): Unplaced[] => {
    const problemsAt = (at: Place): readonly Problem[] => expectationProblems({ value: text, at }, names);
    if (problemsAt({ file: '', line: 1, column: 1 }).length === 0) return [];
    return [(source) => problemsAt(source.placeOf(['expectations', i, 'text'], 'text'))];
  });
}
