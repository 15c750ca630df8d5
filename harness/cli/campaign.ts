import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Arm } from '../campaign/arms.ts';
import type { Asked } from '../campaign/asked.ts';
import { CampaignFolder } from '../campaign/campaign-folder.ts';
import { type CarriedOut, carryOut, type PlannedTurn } from '../campaign/carry-out.ts';
import { chooseMetrics } from '../campaign/choose-metrics.ts';
import { digestOf } from '../campaign/essence.ts';
import { CampaignLock } from '../campaign/lock.ts';
import type { Observation } from '../campaign/observation.ts';
import { parseSeeds } from '../campaign/seeds.ts';
import type { MetricExpression } from '../check/metric-expression.ts';
import { metricNames } from '../check/resolve-metric.ts';
import type { Shaping } from '../fabric/router.ts';
import { putBackAbandoned } from '../lab/put-back-abandoned.ts';
import { namesOfPlan } from '../scenario/known-names.ts';
import { BadUsageError } from './bad-usage-error.ts';
import { EXIT, type ExitCode } from './exit-code.ts';
import { plannedTurns } from './planned-turns.ts';
import { prepareEngine } from './prepare-engine.ts';
import { progress } from './progress.ts';
import { runInChild } from './run-in-child.ts';
import { collectSettings, parseTimeout, SHAPING } from './scenario-options.ts';

export interface CampaignOptions {
  readonly preset?: string;
  readonly set: Readonly<Record<string, string>>;
  readonly seeds: readonly number[];
  readonly metric?: readonly string[];
  readonly out?: string;
  readonly json?: boolean;
  readonly yes?: boolean;
  readonly timeout: number;
  readonly shaping?: Shaping;
}

const EXIT_CODES = `
Exit codes: 0 done; 2 too little to say anything; else as \`zonestorm --help\` says.
An interrupted campaign goes on with the same command.`;

/** The options of every command that runs a scenario many times. */
export function withCampaignOptions(command: Command, seeds: string): Command {
  return command
    .addOption(
      new Option('--seeds <list>', 'how many seeds, from 1 on, or which ones: 8, or 3,5,7')
        .argParser(parsing(parseSeeds))
        .default(parseSeeds(seeds), seeds),
    )
    .option('--preset <name>', 'size of the scenario, such as fast or full')
    .option('--set <key=value>', 'overrides a parameter in every run; may be repeated', collectSettings, {})
    .option('--out <dir>', "the campaign's folder; one that was begun is gone on with (default: below runs/)")
    .option('--json', 'the result as JSON on stdout')
    .option('--yes', 'install and start an engine without asking')
    .addOption(new Option('--shaping <how>', SHAPING.description).choices(SHAPING.choices))
    .option('--timeout <seconds>', 'give a run up after so long; it counts as inconclusive', parseTimeout, 900)
    .addHelpText('after', EXIT_CODES);
}

export function withMetrics(command: Command): Command {
  return command.option(
    '--metric <name>',
    'a measurement as in expectations, a star for any characters; may be repeated',
    (text: string, sofar: readonly string[] = []) => [...sofar, text],
  );
}

/** A parser that throws a plain error, as commander wants it. */
export function parsing<T>(parse: (text: string) => T): (text: string) => T {
  return (text) => {
    try {
      return parse(text);
    } catch (error) {
      throw new InvalidArgumentError((error as Error).message);
    }
  };
}

/** A campaign that was begun or is gone on with; nobody else works in its folder meanwhile. */
export interface Campaign extends AsyncDisposable {
  readonly folder: CampaignFolder;
  readonly scenario: string;
  readonly preset: string;
  readonly metrics: readonly MetricExpression[];
  /** All runs of the arms that were asked for, interleaved by seed. */
  readonly turns: readonly PlannedTurn[];
  /** The same of others. */
  turnsOf(arms: readonly Arm[]): Promise<readonly PlannedTurn[]>;
  carryOut(
    turns: readonly PlannedTurn[],
    atOnce: number,
    onObserved: (all: readonly Observation[]) => Promise<void>,
  ): Promise<CarriedOut>;
}

export interface CampaignQuestion {
  readonly command: Asked['command'];
  readonly scenario: string;
  readonly arms: readonly Arm[];
  readonly options: CampaignOptions;
  /** Measured when no `--metric` is given. */
  readonly otherwise: readonly string[];
  readonly tolerance?: number;
  readonly outlives?: number;
}

/**
 * Makes all plans, and with them the folder, or goes on with it. Nothing is started yet.
 * @throws BadInputError, BadUsageError or BadCampaignError
 */
export async function openCampaign(question: CampaignQuestion): Promise<Campaign> {
  const { scenario, options, arms } = question;
  if (scenario.endsWith('.json')) {
    throw new BadUsageError(`${scenario} is a plan, which has one seed and one configuration: name its scenario`);
  }
  const { preset: asked, set, seeds, shaping } = options;
  const turnsOf = (list: readonly Arm[]): Promise<readonly PlannedTurn[]> =>
    plannedTurns({ scenario, preset: asked, seeds, set, arms: list });

  const turns = await turnsOf(arms);
  const plan = turns[0]?.plan;
  if (plan === undefined) throw new BadUsageError('nothing to run');
  const known = namesOfPlan(plan, metricNames);
  const metrics = chooseMetrics(options.metric ?? [], question.otherwise, known);
  const record: Asked = {
    schemaVersion: 1,
    command: question.command,
    scenario: plan.scenario.name,
    preset: plan.preset,
    seeds: [...seeds],
    set: { ...set },
    arms: arms.map(({ name, settings }) => ({ name, settings: { ...settings } })),
    tolerance: question.tolerance ?? null,
    outlives: question.outlives ?? null,
    shaping: shaping ?? null,
    plans: digestOf(turns.map((turn) => turn.plan)),
  };
  const folder = await CampaignFolder.open(options.out ?? defaultFolder(record), record);
  const lock = new CampaignLock(folder.path);
  progress(`folder ${folder.path}; after an interruption the same command goes on`);

  const abort = new AbortController();
  const interrupt = (): void => {
    progress('interrupted: the run that is under way puts everything back');
    abort.abort('interrupted');
  };
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  let prepared: Promise<void> | null = null;
  return {
    folder,
    scenario: plan.scenario.name,
    preset: plan.preset,
    metrics,
    turns,
    turnsOf,
    carryOut: (list, atOnce, onObserved) =>
      carryOut(list, {
        folder,
        metrics,
        atOnce,
        progress,
        onObserved,
        signal: abort.signal,
        run: async (turn, planFile, runFolder) => {
          // Where everything is there already, no engine is needed.
          prepared ??= prepare(options.yes === true);
          try {
            await prepared;
          } catch (error) {
            // Ctrl-C also ends a build that is under way, which then fails.
            if (abort.signal.aborted) return { kind: 'interrupted' };
            throw error;
          }
          return runInChild(planFile, runFolder, {
            shaping,
            timeoutSeconds: options.timeout,
            yes: options.yes === true,
            label: atOnce > 1 ? `${turn.arm} ${turn.seed}` : null,
            signal: abort.signal,
            onStart: (pid) => lock.add(pid),
          });
        },
      }),
    async [Symbol.asyncDispose]() {
      process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
      lock[Symbol.dispose]();
    },
  };
}

async function prepare(yes: boolean): Promise<void> {
  const { docker } = await prepareEngine(yes, progress);
  for (const { runId, faults } of await putBackAbandoned(docker, progress)) {
    progress(
      `put back what run ${runId} had left: ${faults.map(({ id }) => id).join(', ') || 'no fault was in force'}`,
    );
  }
}

/** The same question has the same folder, so that it is gone on with without being named. */
function defaultFolder(asked: Asked): string {
  const digest = createHash('sha256').update(JSON.stringify(asked)).digest('hex').slice(0, 8);
  return join('runs', `${asked.command}-${asked.scenario}-${asked.preset}-${digest}`);
}

/** How a campaign's command ends, with the reason on stderr. `tooLittle`: nothing can be said. */
export function exitCodeOf({ broken, interrupted }: CarriedOut, tooLittle: boolean): ExitCode {
  if (interrupted) {
    progress('everything was reverted and removed; the same command goes on');
    return EXIT.interrupted;
  }
  if (broken !== null) {
    progress(`a run broke, and the same command runs it again: ${broken.message}`);
    return Object.values(EXIT).find((code) => code === broken.code) ?? EXIT.bug;
  }
  return tooLittle ? EXIT.inconclusive : EXIT.pass;
}
