import type { Counts, RunRow } from '../../campaign/arm-summary.ts';
import type { Boundary } from '../../campaign/boundary.ts';
import type { Comparison } from '../../campaign/comparison.ts';
import type { Sweep } from '../../campaign/sweep.ts';
import { count } from '../numbers.ts';
import type { CampaignReport, CampaignSection } from './table.ts';
import { boundsText, differenceText, intervalText, shareText, valueText } from './values.ts';

const RECOVERED = 'under 1 % of the volumes stuck before the record ended; share with Wilson’s interval of 95 %';

export function comparisonReport(comparison: Comparison): CampaignReport {
  const { arms, control, recovered, metrics, runs, method, notes } = comparison;
  const confidence = `${method.confidence * 100} %`;
  return {
    title: `Comparison of ${count(arms.length, 'arm')} of ${comparison.scenario}`,
    lead: [
      `${settingsLine(comparison)}. Control: ${control}. Only conclusive runs count; ≥ and ≤ are bounds of what had not ended.`,
      `Differences are arm − control, seed by seed: their median, and its interval of ${confidence} (percentile ` +
        `bootstrap over seeds, ${method.resamples} resamples).`,
    ],
    sections: [
      {
        title: 'Arms',
        head: ['arm', 'settings', ...COUNTS_HEAD],
        rows: arms.map(({ name, settings, runs: counts }) => [name, settingsText(settings), ...countCells(counts)]),
      },
      {
        title: 'Recovered',
        note: RECOVERED,
        head: ['arm', 'recovered', 'pairs', 'only here', 'only in the control'],
        rows: recovered.map(({ arm, share, againstControl: against }) => [
          arm,
          shareText(share),
          ...(against === null
            ? ['control', '', '']
            : [`${against.pairs}`, `${against.onlyHere}`, `${against.onlyInControl}`]),
        ]),
      },
      ...metrics.map(
        ({ metric, unit, description, arms: each }): CampaignSection => ({
          title: metric,
          ...(description === '' ? {} : { note: description }),
          head: ['arm', 'n', 'median', 'min', 'max', 'pairs', 'difference', 'interval'],
          rows: each.map(({ arm, spread, difference }) => [
            arm,
            spread.without === 0 ? `${spread.n}` : `${spread.n}, ${spread.without} without`,
            boundsText(spread.median, unit),
            boundsText(spread.least, unit),
            boundsText(spread.most, unit),
            ...(difference === null
              ? ['control', '', '']
              : [
                  `${difference.pairs}`,
                  boundsText(difference.median, unit, differenceText),
                  difference.interval === null ? `– (${difference.reason})` : intervalText(difference.interval, unit),
                ]),
          ]),
        }),
      ),
      ...unfitRuns(runs),
    ],
    notes: [
      ...notes,
      ...metrics.flatMap(({ metric, arms: each }) =>
        each.flatMap(({ arm, spread: { withoutReason } }) =>
          withoutReason === null ? [] : [`${metric} of ${arm}: ${withoutReason}`],
        ),
      ),
    ],
  };
}

export function sweepReport(sweep: Sweep): CampaignReport {
  const { axes, metrics, cells, runs, notes } = sweep;
  return {
    title: `Sweep of ${sweep.scenario} over ${axes.map(({ key }) => key).join(' and ')}`,
    lead: [`${settingsLine(sweep)}. Only conclusive runs count; ≥ is a bound of what had not ended.`],
    sections: [
      {
        title: 'Cells',
        note: `recovered: ${RECOVERED}; of each other column the median`,
        head: [...axes.map(({ key }) => key), ...COUNTS_HEAD, 'recovered', ...metrics.map(({ metric }) => metric)],
        rows: cells.map(({ settings, runs: counts, recovered, spreads }) => [
          ...axes.map(({ key }) => settings[key] ?? ''),
          ...countCells(counts),
          shareText(recovered),
          ...metrics.map(({ metric, unit }) => boundsText(spreads[metric]?.median ?? null, unit)),
        ]),
      },
      ...unfitRuns(runs),
    ],
    notes,
  };
}

export function boundaryReport(boundary: Boundary): CampaignReport {
  const { key, range, bracket, probes, runs, outlivesTimes, notes } = boundary;
  const said = (outlives: boolean): string => (outlives ? 'it outlives its trigger' : 'it does not');
  const found =
    bracket === null
      ? `No boundary (${boundary.outcome}): ${boundary.reason}.`
      : `Between ${key} = ${bracket.from} (${said(bracket.fromOutlives)}) and ${bracket.to} (${said(bracket.toOutlives)}).`;
  return {
    title: `Where the storm of ${boundary.scenario} starts to outlive its trigger`,
    lead: [
      found,
      `${settingsLine(boundary)}; ${key} from ${range.lowest} to ${range.highest}, tolerance ${range.tolerance}${range.unit}.`,
      `A run outlives its trigger when it has not recovered at the end of its record, or its storm lasts more than ` +
        `${outlivesTimes} times the trigger; a value does when more than half of its seeds do.`,
      boundary.assumption,
    ],
    sections: [
      {
        title: 'Probes',
        note: 'in the order in which they were made; share with Wilson’s interval of 95 %',
        head: [key, ...COUNTS_HEAD, 'outlived', 'outlives'],
        rows: probes.map(({ value, runs: counts, outlived, outlives }) => [
          value,
          ...countCells(counts),
          shareText(outlived),
          outlives === null ? 'cannot tell' : outlives ? 'yes' : 'no',
        ]),
      },
      {
        title: 'Storms',
        head: ['arm', 'seed', 'storm', 'trigger'],
        rows: runs
          .filter(({ state }) => state === 'conclusive')
          .map(({ arm, seed, values }) => [
            arm,
            `${seed}`,
            boundsText(values['storm.seconds'] ?? null, 's'),
            boundsText(values['trigger.seconds'] ?? null, 's', valueText),
          ]),
      },
      ...unfitRuns(runs),
    ],
    notes,
  };
}

const COUNTS_HEAD = ['runs', 'conclusive', 'inconclusive', 'broken', 'to do'];

const countCells = ({ asked, conclusive, inconclusive, broken, missing }: Counts): readonly string[] =>
  [asked, conclusive, inconclusive, broken, missing].map(String);

/** Never left out of a report: what did not count, and why. */
function unfitRuns(runs: readonly RunRow[]): readonly CampaignSection[] {
  const unfit = runs.filter(({ state }) => state === 'inconclusive' || state === 'broken');
  if (unfit.length === 0) return [];
  return [
    {
      title: 'Runs that do not count',
      head: ['arm', 'seed', 'state', 'recovered', 'why'],
      rows: unfit.map(({ arm, seed, state, recovered, reasons }) => [
        arm,
        `${seed}`,
        state,
        recovered === null ? '–' : recovered ? 'yes' : 'no',
        reasons.join('; '),
      ]),
    },
  ];
}

interface Asked {
  readonly preset: string;
  readonly seeds: readonly number[];
  readonly set: Readonly<Record<string, string>>;
}

const settingsLine = ({ preset, seeds, set }: Asked): string =>
  `preset ${preset}, seeds ${seedsText(seeds)}${Object.keys(set).length === 0 ? '' : `, all with ${settingsText(set)}`}`;

/** `1–8` where they follow one another. */
export function seedsText(seeds: readonly number[]): string {
  const [first = 0] = seeds;
  const follow = seeds.every((seed, index) => seed === first + index);
  return follow && seeds.length > 2 ? `${first}–${seeds.at(-1)}` : seeds.join(', ');
}

const settingsText = (settings: Readonly<Record<string, string>>): string => {
  const entries = Object.entries(settings);
  return entries.length === 0 ? 'unchanged' : entries.map(([key, value]) => `${key}=${value}`).join(', ');
};
