import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Command } from 'commander';
import { type Arm, armsOf, parseArm } from '../campaign/arms.ts';
import { COMPARED, chooseMetrics } from '../campaign/choose-metrics.ts';
import { type Comparison, compare, saysTooLittle } from '../campaign/comparison.ts';
import { compareRuns } from '../campaign/finished-runs.ts';
import { metricNames } from '../check/resolve-metric.ts';
import { comparisonReport } from '../report/campaign/sections.ts';
import { campaignMarkdown, campaignText } from '../report/campaign/table.ts';
import { namesOfPlan } from '../scenario/known-names.ts';
import { BadUsageError } from './bad-usage-error.ts';
import {
  type CampaignOptions,
  exitCodeOf,
  openCampaign,
  parsing,
  withCampaignOptions,
  withMetrics,
} from './campaign.ts';
import { EXIT } from './exit-code.ts';
import { progress } from './progress.ts';

interface CompareOptions extends CampaignOptions {
  readonly arm?: readonly Arm[];
}

/** Several configurations of a scenario, with the same seeds, against one of them. */
export function compareCommand(): Command {
  const command = new Command('compare')
    .description('compare configurations of a scenario over the same seeds, or runs that have ended')
    .usage('SCENARIO --arm NAME[:key=value,…] … [options]\n       zonestorm compare RUN RUN … [options]')
    .argument('<scenario or runs...>', "a scenario, or the folders of two or more runs, the control's first")
    .option(
      '--arm <name:key=value,...>',
      'a configuration; may be repeated. The first is the control; without one that changes nothing, `2011` is added',
      (text: string, sofar: readonly Arm[] = []) => [...sofar, parsing(parseArm)(text)],
    );
  return withMetrics(withCampaignOptions(command, '8')).action(async (subjects: string[], options: CompareOptions) => {
    const [scenario = '', ...more] = subjects;
    if (more.length === 0) await compareArms(scenario, options);
    else await compareFolders(subjects, options, command);
  });
}

async function compareArms(scenario: string, options: CompareOptions): Promise<void> {
  const arms = armsOf(options.arm ?? []);
  await using campaign = await openCampaign({ command: 'compare', scenario, arms, options, otherwise: COMPARED });
  const { folder, metrics, preset } = campaign;
  const { seeds, set } = options;
  const write = async (all: Parameters<typeof compare>[0]['observations']): Promise<Comparison> => {
    const comparison = compare({ scenario: campaign.scenario, preset, seeds, set, arms, metrics, observations: all });
    await folder.write('compare.json', `${JSON.stringify(comparison, null, 2)}\n`);
    await folder.write('compare.md', campaignMarkdown(comparisonReport(comparison)));
    return comparison;
  };
  const carriedOut = await campaign.carryOut(campaign.turns, 1, async (all) => void (await write(all)));
  const comparison = await write(carriedOut.observations);
  if (!carriedOut.interrupted) show(comparison, options);
  progress(`${folder.path}/compare.md`);
  process.exitCode = exitCodeOf(carriedOut, saysTooLittle(comparison));
}

async function compareFolders(folders: readonly string[], options: CompareOptions, command: Command): Promise<void> {
  const given = ['arm', 'seeds', 'preset', 'set', 'yes', 'shaping', 'timeout'].filter(
    (name) => command.getOptionValueSource(name) === 'cli',
  );
  if (given.length > 0) {
    const names = given.map((name) => `--${name}`).join(', ');
    throw new BadUsageError(`runs that have ended are compared as they are: leave out ${names}`);
  }
  const comparison = await compareRuns(folders, (plan) =>
    chooseMetrics(options.metric ?? [], COMPARED, namesOfPlan(plan, metricNames)),
  );
  if (options.out !== undefined) {
    await mkdir(options.out, { recursive: true });
    await writeFile(join(options.out, 'compare.json'), `${JSON.stringify(comparison, null, 2)}\n`);
    await writeFile(join(options.out, 'compare.md'), campaignMarkdown(comparisonReport(comparison)));
  }
  show(comparison, options);
  process.exitCode = saysTooLittle(comparison) ? EXIT.inconclusive : EXIT.pass;
}

function show(comparison: Comparison, { json }: CompareOptions): void {
  process.stdout.write(
    json === true ? `${JSON.stringify(comparison, null, 2)}\n` : campaignText(comparisonReport(comparison)),
  );
}
