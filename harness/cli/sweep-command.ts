import { cpus, totalmem } from 'node:os';
import { Command, InvalidArgumentError } from 'commander';
import { SWEPT } from '../campaign/choose-metrics.ts';
import { type Axis, axesOf, gridOf, parseAxis } from '../campaign/grid.ts';
import { labsAtOnce } from '../campaign/labs-at-once.ts';
import { hasEmptyCell, type Sweep, sweep } from '../campaign/sweep.ts';
import { renderHeatMap } from '../report/campaign/heat-map.ts';
import { sweepReport } from '../report/campaign/sections.ts';
import { campaignMarkdown, campaignText } from '../report/campaign/table.ts';
import {
  type CampaignOptions,
  exitCodeOf,
  openCampaign,
  parsing,
  withCampaignOptions,
  withMetrics,
} from './campaign.ts';
import { progress } from './progress.ts';

interface SweepOptions extends CampaignOptions {
  readonly over: readonly Axis[];
  readonly atOnce?: number;
}

/** Every combination of the values of some parameters, as a table and a map. */
export function sweepCommand(): Command {
  const command = new Command('sweep')
    .description('run a scenario over every combination of the values of some parameters; write a table and a heat map')
    .argument('<scenario>', 'name of a scenario that ships, or path of a scenario file')
    .requiredOption(
      '--over <key=a,b,c>',
      "a parameter and its values; may be repeated. The last is the map's width",
      (text: string, sofar: readonly Axis[] = []) => [...sofar, parsing(parseAxis)(text)],
    )
    .option(
      '--at-once <labs>',
      'labs side by side (default: one for every 4 cores and 4 GiB, at least 1)',
      parseAtOnce,
    );
  return withMetrics(withCampaignOptions(command, '3')).action(carryOutSweep);
}

async function carryOutSweep(scenario: string, options: SweepOptions): Promise<void> {
  const axes = axesOf(options.over);
  const arms = gridOf(axes);
  const { seeds, set } = options;
  const atOnce = options.atOnce ?? labsAtOnce(cpus().length, totalmem());
  await using campaign = await openCampaign({ command: 'sweep', scenario, arms, options, otherwise: SWEPT });
  if (atOnce > 1) {
    progress(
      `${atOnce} labs at once: each is other load to the others, on the same disk and kernel, and other load falsifies ` +
        'measurements. Compare nothing with runs that were made alone; --at-once 1 runs them one by one.',
    );
  }
  const { folder, metrics, preset } = campaign;
  const write = async (observations: Parameters<typeof sweep>[0]['observations']): Promise<Sweep> => {
    const result = sweep({ scenario: campaign.scenario, preset, seeds, set, axes, metrics, observations });
    await folder.write('sweep.json', `${JSON.stringify(result, null, 2)}\n`);
    await folder.write('sweep.md', campaignMarkdown(sweepReport(result)));
    await folder.write('sweep.html', await renderHeatMap(result));
    return result;
  };
  const carriedOut = await campaign.carryOut(campaign.turns, atOnce, async (all) => void (await write(all)));
  const result = await write(carriedOut.observations);
  if (!carriedOut.interrupted) {
    process.stdout.write(
      options.json === true ? `${JSON.stringify(result, null, 2)}\n` : campaignText(sweepReport(result)),
    );
  }
  progress(`${folder.path}/sweep.html`);
  process.exitCode = exitCodeOf(carriedOut, hasEmptyCell(result));
}

function parseAtOnce(text: string): number {
  const labs = Number(text);
  if (!Number.isInteger(labs) || labs < 1 || labs > 64) throw new InvalidArgumentError('expected 1 to 64');
  return labs;
}
