import { readdir, readFile } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, relative, resolve } from 'node:path';
import type { ActionLanguage } from './action-language.ts';
import { BadInputError, type Located, type Place, problemAt } from './bad-input-error.ts';
import { type BuildPlanOptions, buildPlan } from './build-plan.ts';
import type { FaultLanguage } from './fault-language.ts';
import { expectedName } from './nearest-name.ts';
import type { Plan } from './plan.ts';
import { readEvent, type ScenarioEvent } from './read-event.ts';
import { type ReadPlanOptions, readPlan } from './read-plan.ts';
import { completeScenario, extendPart, readScenarioPart, type ScenarioPart } from './read-scenario.ts';
import { readTopology } from './read-topology.ts';
import type { Scenario } from './scenario.ts';
import type { Topology } from './topology.ts';

const SHIPPED = resolve(import.meta.dirname, '../../fixtures/scenarios');

export type LoadScenarioOptions = Omit<BuildPlanOptions, 'scenario' | 'topology' | 'event'>;

/** Names of the scenarios that ship, for help texts and `init`. */
export async function shippedScenarios(): Promise<string[]> {
  const files = await readdir(SHIPPED);
  return files
    .filter((file) => file.endsWith('.yaml'))
    .map((file) => basename(file, '.yaml'))
    .sort();
}

/** A path as errors and the plan show it: from the working directory where it is below that, or else absolute. */
function shown(path: string): string {
  const inside = relative('', path);
  return inside.startsWith('..') || isAbsolute(inside) ? resolve(path) : inside;
}

async function readText(path: string, blame: Place | null): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    const at = blame ?? { file: shown(path), line: 1, column: 1 };
    throw new BadInputError(problemAt(at, `no readable file ${shown(path)} (${code})`, 'a file'));
  }
}

async function pathOf(nameOrPath: string): Promise<string> {
  if (/[/\\]|\.ya?ml$/.test(nameOrPath)) return nameOrPath;
  const names = await shippedScenarios();
  if (names.includes(nameOrPath)) return join(SHIPPED, `${nameOrPath}.yaml`);
  const at = { file: nameOrPath, line: 1, column: 1 };
  const expected = `${expectedName(nameOrPath, names, 'scenario')}, or a path`;
  throw new BadInputError(problemAt(at, `the scenario \`${nameOrPath}\``, expected));
}

async function readPart(
  path: string,
  blame: Place | null,
  above: readonly string[],
  language: FaultLanguage,
  actions: ActionLanguage,
): Promise<ScenarioPart> {
  const part = readScenarioPart(shown(path), await readText(path, blame), language, actions);
  if (part.extends === null) return part;
  const base = resolve(dirname(path), part.extends.value);
  const seen = [...above, resolve(path)];
  if (seen.includes(base)) {
    throw new BadInputError(
      problemAt(part.extends.at, `\`${part.extends.value}\``, 'a file that does not extend this one'),
    );
  }
  return extendPart(await readPart(base, part.extends.at, seen, language, actions), part);
}

/** Reads a scenario, what it extends, its topology and its event. The only effects of this folder are the reads here. */
export async function readScenario(
  nameOrPath: string,
  language: FaultLanguage,
  actions: ActionLanguage = [],
): Promise<{ scenario: Scenario; topology: Topology; event: ScenarioEvent | null }> {
  const scenario = completeScenario(await readPart(await pathOf(nameOrPath), null, [], language, actions));
  const topology = await readNamed(scenario.topology, readTopology);
  const event = scenario.event === null ? null : await readNamed(scenario.event, readEvent);
  return { scenario, topology, event };
}

/** A path is relative to the file that names it, which may be the one that this scenario extends. */
async function readNamed<T>({ value, at }: Located<string>, read: (file: string, text: string) => T): Promise<T> {
  const path = resolve(dirname(at.file), value);
  return read(shown(path), await readText(path, at));
}

/**
 * The plan of a scenario that ships (by name) or of a file (by path).
 * @throws BadInputError for anything that a person has to mend.
 */
export async function loadScenario(nameOrPath: string, options: LoadScenarioOptions): Promise<Plan> {
  return buildPlan({ ...(await readScenario(nameOrPath, options.faults, options.actions)), ...options });
}

/**
 * The plan of an earlier run, from its `plan.json`.
 * @throws BadInputError for anything in it that a run would stumble over.
 */
export async function loadPlan(path: string, options: ReadPlanOptions): Promise<Plan> {
  return readPlan(shown(path), await readText(path, null), options);
}
