import { randomInt } from 'node:crypto';
import { type Command, InvalidArgumentError } from 'commander';
import { ACTION_SETTINGS, ACTIONS } from '../action/catalogue.ts';
import { metricNames } from '../check/resolve-metric.ts';
import { FAULTS, isCarriedOut } from '../fault/catalogue.ts';
import { loadPlan, loadScenario } from '../scenario/load-scenario.ts';
import type { Plan } from '../scenario/plan.ts';
import { BadUsageError } from './bad-usage-error.ts';

export interface ScenarioOptions {
  readonly preset?: string;
  readonly seed?: number;
  readonly set: Readonly<Record<string, string>>;
}

/** The options with which a scenario becomes a plan; the same for every command that takes one. */
export function withScenarioOptions(command: Command): Command {
  return command
    .argument('<scenario>', 'name of a scenario that ships, path of a scenario file, or plan.json of an earlier run')
    .option('--preset <name>', 'size of the scenario, such as fast or full')
    .option('--seed <number>', 'seed of every random draw (default: drawn, and shown)', parseSeed)
    .option('--set <key=value>', 'overrides a parameter; may be repeated', collectSettings, {});
}

/** The option with which a run is told how capacities are made. */
export const SHAPING = {
  description: "capacities by the kernel's queue or by Toxiproxy's rates (default: the kernel's, where it can)",
  choices: ['kernel', 'toxiproxy'],
} as const;

/** Of `--timeout`. */
export function parseTimeout(text: string): number {
  const seconds = Number(text);
  if (!(seconds > 0 && seconds <= 86_400))
    throw new InvalidArgumentError('expected seconds, more than 0, at most 86400');
  return seconds;
}

/** The plan that a scenario comes to, or a plan that there is already: the same targets, times and numbers. */
export function planOf(scenario: string, options: ScenarioOptions): Promise<Plan> {
  if (scenario.endsWith('.json')) return replayed(scenario, options);
  return loadScenario(scenario, {
    preset: options.preset,
    seed: options.seed ?? randomInt(1, 100_000),
    overrides: options.set,
    faults: FAULTS,
    actions: ACTIONS,
    knownNames: metricNames,
  });
}

async function replayed(path: string, { preset, seed, set }: ScenarioOptions): Promise<Plan> {
  const given = [
    ...(preset === undefined ? [] : ['--preset']),
    ...(seed === undefined ? [] : ['--seed']),
    ...(Object.keys(set).length === 0 ? [] : ['--set']),
  ];
  if (given.length > 0) {
    throw new BadUsageError(`${path} is a plan, which is carried out as it is: leave out ${given.join(', ')}`);
  }
  const faultSettings = new Map(FAULTS.filter(isCarriedOut).map(({ kind, settings }) => [kind, settings]));
  return loadPlan(path, { faultSettings, actionSettings: ACTION_SETTINGS, knownNames: metricNames });
}

/** Of `--seed`: digits alone, as an empty one would be 0. */
export function parseSeed(text: string): number {
  const seed = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(seed))
    throw new InvalidArgumentError('expected a whole number, 0 or more');
  return seed;
}

/** One more `--set key=value`. */
export function collectSettings(text: string, sofar: Record<string, string>): Record<string, string> {
  const at = text.indexOf('=');
  if (at <= 0) throw new InvalidArgumentError('expected key=value');
  const key = text.slice(0, at);
  if (key in sofar) throw new InvalidArgumentError(`${key} is set twice`);
  return { ...sofar, [key]: text.slice(at + 1) };
}
