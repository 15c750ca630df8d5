import type { Arm, CapacityCell, CapacityFigures } from '../benchmarks/capacity.ts';
import type { Bucket, FirstSecondCell, FirstSecondFigures } from '../benchmarks/first-second.ts';
import type { HopArm, HopFigures } from '../benchmarks/hop.ts';
import type { KillsFigures } from '../benchmarks/kills.ts';
import type { OnsetCell, OnsetFigures } from '../benchmarks/onset.ts';
import type { StartupFigures } from '../benchmarks/startup.ts';
import { CARRIES_UP_TO, type Machine } from '../machine.ts';
import { median } from '../numbers.ts';
import type { Figures, Name, Result } from '../result.ts';

/** The part of the document that one result makes: its tables, and what they come to. Pure. */
export function render(name: Name, result: Result | null): string {
  if (result === null) return `Not measured yet: \`npm run bench -- ${name}\`.`;
  const body = RENDERERS[name](result.figures as never);
  return [measuredOn(result.machine, result.measuredAt), ...body].join('\n\n');
}

const RENDERERS: { readonly [N in Name]: (figures: Figures[N]) => string[] } = {
  capacity: renderCapacity,
  hop: renderHop,
  onset: renderOnset,
  startup: renderStartup,
  kills: renderKills,
};

/** A Markdown table. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), `|${'---|'.repeat(head.length)}`, ...rows.map(line)].join('\n');
}

const percent = (share: number, decimals = 0): string => `${(share * 100).toFixed(decimals)} %`;
const ms = (value: number): string => value.toFixed(value < 10 ? 1 : 0);
const fine = (value: number): string => value.toFixed(3);
const seconds = (value: number): string => (value / 1000).toFixed(2);

function measuredOn(machine: Machine, measuredAt: string): string {
  return (
    `Measured at ${measuredAt.slice(0, 16).replace('T', ' ')} UTC on ${machine.cores} cores (${machine.processor}), ` +
    `${Math.round(machine.memoryBytes / 2 ** 30)} GiB; Linux ${machine.kernel}, Docker Engine ${machine.engine}, ` +
    `Toxiproxy ${machine.toxiproxy}, Node.js ${machine.node}.`
  );
}

// ---- capacity ----------------------------------------------------------------------------------------------

const ARM_TITLES: Readonly<Record<Arm, string>> = {
  kernel: 'The kernel’s queue',
  toxic: 'Toxiproxy’s `bandwidth` alone',
  fallback: 'The fallback',
};

function renderCapacity(figures: CapacityFigures): string[] {
  const [low, high] = figures.band;
  const inBand = ({ ratio }: CapacityCell): boolean => ratio >= low && ratio <= high;
  const kernel = figures.cells.filter(({ arm, carried }) => arm === 'kernel' && carried);
  const missed = kernel.filter((cell) => !inBand(cell));
  const verdict =
    `Of the kernel’s ${kernel.length} cells that the machine carried, ${kernel.length - missed.length} are within ` +
    `${low}…${high}${missed.length === 0 ? '.' : `; not: ${missed.map(({ mbit, connections }) => `${mbit} Mbit/s × ${connections}`).join(', ')}.`}`;
  const arms = (Object.keys(ARM_TITLES) as Arm[]).filter((arm) => figures.cells.some((cell) => cell.arm === arm));
  return [
    verdict,
    ...arms.flatMap((arm) => [`**${ARM_TITLES[arm]}**`, ratioTable(figures.cells.filter((cell) => cell.arm === arm))]),
    '**What the kernel’s cells are made of**',
    table(
      ['asked, Mbit/s', 'connections', 'achieved', 'queue ÷ rate', 'mean frame', 'dropped', 'sent again', 'CPU', 's'],
      figures.cells
        .filter(({ arm }) => arm === 'kernel')
        .map((cell) => [
          `${cell.mbit}`,
          `${cell.connections}`,
          `${cell.achievedMbit.toFixed(2)}`,
          cell.queue === null ? '–' : fine(cell.queue.rateRatio),
          cell.queue === null ? '–' : `${cell.queue.meanFrameBytes} B`,
          cell.queue === null ? '–' : percent(cell.queue.droppedShare, 1),
          percent(cell.retransmittedShare, 1),
          percent(cell.cpu.busy),
          cell.seconds.toFixed(0),
        ]),
    ),
    ...(figures.firstSecond === undefined ? [] : renderFirstSecond(figures.firstSecond)),
  ];
}

function renderFirstSecond({ measuredAt, linux, atMost, rounds, cells }: FirstSecondFigures): string[] {
  const own = cells.filter(({ bucket }) => bucket === 'bucket');
  const missed = own.filter(({ most }) => most > atMost);
  const judged =
    `Measured at ${measuredAt.slice(0, 16).replace('T', ' ')} UTC, Linux ${linux}. Of ${own.length} cells ${own.length - missed.length} had at ` +
    `most ${atMost} in each of ${rounds} rounds.`;
  const text = (cell: FirstSecondCell | undefined): string =>
    cell === undefined ? '–' : `${fine(cell.median)} / ${fine(cell.most)}`;
  const find = (like: FirstSecondCell, bucket: Bucket): FirstSecondCell | undefined =>
    cells.find((one) => one.mbit === like.mbit && one.connections === like.connections && one.bucket === bucket);
  return [
    '**The first second after idleness**',
    judged,
    table(
      ['asked, Mbit/s', 'connections', 'bucket', 'median / most', 'with 16 KiB at least', 'median / most', 'CPU'],
      cells
        .filter(({ bucket }) => bucket === 'bucket')
        .map((cell) => [
          `${cell.mbit}`,
          `${cell.connections}`,
          `${cell.burstBytes} B`,
          text(cell),
          `${find(cell, 'larger')?.burstBytes ?? '–'} B`,
          text(find(cell, 'larger')),
          percent(cell.cpu.busy),
        ]),
    ),
  ];
}

/** Achieved ÷ asked; in brackets, with the CPU, where the machine could not carry it. */
function ratioTable(cells: readonly CapacityCell[]): string {
  const rates = [...new Set(cells.map(({ mbit }) => mbit))];
  const counts = [...new Set(cells.map(({ connections }) => connections))];
  const text = (cell: CapacityCell | undefined): string => {
    if (cell === undefined) return '–';
    return cell.carried ? fine(cell.ratio) : `(${fine(cell.ratio)}, CPU ${percent(cell.cpu.busy)})`;
  };
  return table(
    ['asked ╲ connections', ...counts.map(String)],
    rates.map((mbit) => [
      `${mbit} Mbit/s`,
      ...counts.map((count) => text(cells.find((cell) => cell.mbit === mbit && cell.connections === count))),
    ]),
  );
}

// ---- hop ---------------------------------------------------------------------------------------------------

const HOP_TITLES: Readonly<Record<HopArm, string>> = {
  direct: 'no router',
  unshaped: 'router, no queue',
  queue: 'router with its kernel queue',
};

function renderHop({ summaries }: HopFigures): string[] {
  const pair = ({ p50, p99 }: { p50: number; p99: number }): string => `${fine(p50)} / ${fine(p99)}`;
  const added = (arm: HopArm, both: { p50: number; p99: number }): string => (arm === 'direct' ? '–' : pair(both));
  return [
    table(
      ['path', 'round trip, ms (p50 / p99)', 'added', 'connect and first byte, ms (p50 / p99)', 'added'],
      summaries.map((one) => [
        HOP_TITLES[one.arm],
        pair(one.roundTripMs),
        added(one.arm, one.addedMs),
        pair(one.connectMs),
        added(one.arm, one.connectAddedMs),
      ]),
    ),
    table(
      [
        'path',
        ...(summaries[0]?.streams ?? []).map(({ streams }) => `${streams} ${streams === 1 ? 'stream' : 'streams'}`),
      ],
      summaries.map((one) => [
        HOP_TITLES[one.arm],
        ...one.streams.map(
          ({ mbit, ratio, cpu }) =>
            `${mbit.toFixed(0)} Mbit/s${one.arm === 'direct' ? '' : `, ${fine(ratio)} of direct`} (CPU ${percent(cpu)})`,
        ),
      ]),
    ),
  ];
}

// ---- onset -------------------------------------------------------------------------------------------------

function renderOnset(figures: OnsetFigures): string[] {
  const { targets, cells } = figures;
  const targeted = cells.filter(({ scope, carried }) => scope.startsWith('kernel') && carried);
  const late = targeted.filter(({ onsetMs }) => onsetMs.p99 > targets.onsetP99Ms);
  const wide = targeted.filter(({ spreadMs }) => spreadMs !== null && spreadMs.max > targets.spreadMs);
  const list = (missed: readonly OnsetCell[]): string =>
    missed.length === 0
      ? 'all'
      : `all but ${missed.map(({ fault, condition }) => `${fault} (${condition})`).join(', ')}`;
  return [
    `Of the ${targeted.length} rows of the kernel’s faults that the machine carried, ${list(late)} have a p99 of at most ` +
      `${targets.onsetP99Ms} ms, and ${list(wide)} a spread of at most ${targets.spreadMs} ms in every injection.`,
    table(
      [
        'fault',
        'where, on how many links',
        'machine',
        'onset, ms (p50 / p99 / max)',
        'spread, ms (p50 / max)',
        'call, ms (p50 / max)',
        'resolution, ms (p50 / p99)',
        'seen',
        'CPU',
      ],
      cells.map((cell) => [
        cell.fault,
        cell.scope,
        cell.condition,
        [cell.onsetMs.p50, cell.onsetMs.p99, cell.onsetMs.max].map(ms).join(' / '),
        cell.spreadMs === null ? '–' : `${ms(cell.spreadMs.p50)} / ${ms(cell.spreadMs.max)}`,
        `${ms(cell.callMs.p50)} / ${ms(cell.callMs.max)}`,
        cell.resolutionMs.p50 === 0 ? 'event' : `${ms(cell.resolutionMs.p50)} / ${ms(cell.resolutionMs.p99)}`,
        `${cell.seen} of ${cell.expected}${cell.notAtRest === 0 ? '' : ` (${cell.notAtRest} left out)`}`,
        `${percent(cell.cpu.busy)}${cell.carried ? '' : `, above ${percent(CARRIES_UP_TO)}: not judged`}`,
      ]),
    ),
  ];
}

// ---- startup -----------------------------------------------------------------------------------------------

function renderStartup({ targets, compose, reaperMs, summaries, rounds, spoiled }: StartupFigures): string[] {
  const count = new Set(rounds.map(({ round }) => round)).size;
  const missed = summaries.flatMap(({ containers, startRatio }) => [
    ...(startRatio.dockerode > targets.dockerode ? [`${containers} containers ÷ dockerode`] : []),
    ...(startRatio.compose > targets.compose ? [`${containers} containers ÷ docker-compose`] : []),
  ]);
  return [
    `Targets: at most ${targets.dockerode} × dockerode alone, at most ${targets.compose} × docker-compose ${compose}. ` +
      `${missed.length === 0 ? 'All met.' : `Missed: ${missed.join(', ')}.`} ${count} rounds; the reaper’s start, once for ` +
      `each process and in no arm: ${seconds(reaperMs)} s.` +
      (spoiled.length === 0
        ? ''
        : ` Done again, as the engine then kept an endpoint of a network that was to be removed: ${spoiled.join(', ')}.`),
    table(
      [
        'containers',
        'networks',
        'volumes',
        'lab, s',
        'dockerode, s',
        'docker-compose, s',
        '÷ dockerode',
        '÷ docker-compose',
      ],
      summaries.map((one) => [
        `${one.containers}`,
        `${one.networks}`,
        `${one.volumes}`,
        seconds(one.medianStartMs.lab),
        seconds(one.medianStartMs.dockerode),
        seconds(one.medianStartMs.compose),
        one.startRatio.dockerode.toFixed(2),
        one.startRatio.compose.toFixed(2),
      ]),
    ),
    table(
      ['containers, stop', 'lab, s', 'dockerode, s', 'docker-compose, s', '÷ dockerode', '÷ docker-compose'],
      summaries.map((one) => [
        `${one.containers}`,
        seconds(one.medianStopMs.lab),
        seconds(one.medianStopMs.dockerode),
        seconds(one.medianStopMs.compose),
        one.stopRatio.dockerode.toFixed(2),
        one.stopRatio.compose.toFixed(2),
      ]),
    ),
  ];
}

// ---- kills -------------------------------------------------------------------------------------------------

function renderKills(figures: KillsFigures): string[] {
  const { kills, problems, withFaultsInForce, mostFaultsInForce, longestUntilCleanSeconds } = figures;
  const stages = [...new Set(kills.map(({ stage }) => stage))].sort();
  return [
    `${kills.length} kills, seed ${figures.seed}, ${figures.atOnce} runs at a time; ${withFaultsInForce} with faults in ` +
      `force, at most ${mostFaultsInForce}. ${problems.length === 0 ? 'Nothing was left after any of them, and no fault in force.' : `Not as it must be: ${problems.join('; ')}.`} ` +
      `Until nothing was left: at most ${longestUntilCleanSeconds?.toFixed(1) ?? '–'} s, of which the reaper waits five.`,
    table(
      ['killed while', 'kills', 'faults in force', 'things there', 'clean after, s (median / max)'],
      stages.map((stage) => {
        const own = kills.filter((kill) => kill.stage === stage);
        const clean = own.map(({ cleanAfterSeconds }) => cleanAfterSeconds ?? Number.POSITIVE_INFINITY);
        return [
          stage,
          `${own.length}`,
          range(own.map(({ inForce }) => inForce.length)),
          range(own.map(({ had }) => had)),
          `${median(clean).toFixed(1)} / ${Math.max(...clean).toFixed(1)}`,
        ];
      }),
    ),
  ];
}

function range(values: readonly number[]): string {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  return least === most ? `${least}` : `${least}–${most}`;
}
