import { Command, InvalidArgumentError } from 'commander';
import type { Arm } from '../campaign/arms.ts';
import { nextStep, parseRange, type Range, valueAt } from '../campaign/bisect.ts';
import { type Boundary, type BoundaryOf, boundary, probedOf, probeName } from '../campaign/boundary.ts';
import type { CarriedOut } from '../campaign/carry-out.ts';
import { OUTLIVES_DEFAULT } from '../campaign/outlives.ts';
import { boundaryReport } from '../report/campaign/sections.ts';
import { campaignMarkdown, campaignText } from '../report/campaign/table.ts';
import { type CampaignOptions, exitCodeOf, openCampaign, withCampaignOptions } from './campaign.ts';
import { progress } from './progress.ts';

interface BoundaryOptions extends CampaignOptions {
  readonly over: string;
  readonly tolerance?: number;
  readonly outlives: number;
}

/** Where, in one parameter's range, the storm starts to outlive its trigger. */
export function boundaryCommand(): Command {
  const command = new Command('boundary')
    .description('bisect to where, in a range of one parameter, the storm starts to outlive its trigger')
    .argument('<scenario>', 'name of a scenario that ships, or path of a scenario file')
    .requiredOption('--over <key=lo..hi>', 'the parameter and its range: phases.misroute.for=0.2s..2s')
    .option(
      '--tolerance <x>',
      'how narrow a bracket is narrow enough (default: 1, or 1/16 of the range)',
      parseAbove(0),
    )
    .option(
      '--outlives <times>',
      'a storm outlives its trigger when it lasts more than so many times as long, or does not end',
      parseAbove(0),
      OUTLIVES_DEFAULT,
    );
  return withCampaignOptions(command, '3').action(bisect);
}

async function bisect(scenario: string, options: BoundaryOptions): Promise<void> {
  const range = parseRange(options.over, options.tolerance);
  const { seeds, set, outlives } = options;
  const armAt = (at: number): Arm => ({ name: probeName(range, at), settings: { [range.key]: valueAt(range, at) } });
  await using campaign = await openCampaign({
    command: 'boundary',
    scenario,
    arms: [armAt(range.lowest), armAt(range.highest)],
    options: { ...options, metric: [] },
    otherwise: [],
    tolerance: range.tolerance,
    outlives,
  });
  const { folder, preset } = campaign;
  const tried: { at: number; observations: BoundaryOf['tried'][number]['observations'] }[] = [];
  const write = async (): Promise<Boundary> => {
    const asked = { scenario: campaign.scenario, preset, seeds, set };
    const result = boundary({ ...asked, range, outlivesTimes: outlives, tried });
    await folder.write('boundary.json', `${JSON.stringify(result, null, 2)}\n`);
    await folder.write('boundary.md', campaignMarkdown(boundaryReport(result)));
    return result;
  };
  let carriedOut: CarriedOut = { observations: [], broken: null, interrupted: false };
  for (let at = due(range, tried, outlives); at !== null; at = due(range, tried, outlives)) {
    progress(`${range.key} = ${valueAt(range, at)}`);
    const place = tried.push({ at, observations: [] }) - 1;
    carriedOut = await campaign.carryOut(await campaign.turnsOf([armAt(at)]), 1, async (observations) => {
      tried[place] = { at, observations };
      await write();
    });
    // What is not there would be taken for something that cannot tell.
    if (carriedOut.interrupted || carriedOut.broken !== null) break;
  }
  const result = await write();
  if (!carriedOut.interrupted) {
    process.stdout.write(
      options.json === true ? `${JSON.stringify(result, null, 2)}\n` : campaignText(boundaryReport(result)),
    );
  }
  progress(`${folder.path}/boundary.md`);
  process.exitCode = exitCodeOf(carriedOut, result.outcome !== 'bracketed');
}

/** The value to try next; `null`: there is none. */
function due(range: Range, tried: BoundaryOf['tried'], outlivesTimes: number): number | null {
  const step = nextStep(range, probedOf({ tried, outlivesTimes }));
  return step.kind === 'probe' ? step.at : null;
}

function parseAbove(limit: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!(value > limit && Number.isFinite(value))) throw new InvalidArgumentError(`expected a number above ${limit}`);
    return value;
  };
}
