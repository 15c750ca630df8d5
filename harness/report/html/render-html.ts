import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { ALL_CALLS } from '../../measure/api.ts';
import type { Result } from '../result-schema.ts';
import { besideEventTable } from './beside-event.ts';
import { escapeHtml, jsonForScript } from './escape.ts';
import { loopFigure } from './loop-figure.ts';
import * as tables from './tables.ts';
import { renderTiles, tilesOf } from './tiles.ts';

/** What the page carries in itself, so that it opens from a file, a mail or an archive without any network. */
interface Assets {
  readonly plotCss: string;
  readonly plotJs: string;
  readonly pageCss: string;
  readonly pageJs: string;
}

/** `report.html`: one self-contained page. */
export async function renderHtml(result: Result): Promise<string> {
  return page(result, await loadAssets());
}

async function loadAssets(): Promise<Assets> {
  const own = (name: string) => readFile(new URL(name, import.meta.url), 'utf8');
  const plot = (name: string) => readFile(fileURLToPath(import.meta.resolve(`uplot/dist/${name}`)), 'utf8');
  const [plotCss, plotJs, pageCss, pageJs] = await Promise.all([
    plot('uPlot.min.css'),
    plot('uPlot.iife.min.js'),
    own('page.css'),
    own('page.js'),
  ]);
  return { plotCss, plotJs, pageCss, pageJs };
}

// The policy makes "no network" more than a promise: nothing the page holds could load or send anything.
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:";

function page(result: Result, { plotCss, plotJs, pageCss, pageJs }: Assets): string {
  const { scenario, verdict, whatHappened } = result;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(`${verdict.outcome}: ${scenario.title}`)} – Zonestorm</title>
<style>${plotCss}</style>
<style>${pageCss}</style>
</head>
<body>
<header>
<p class="eyebrow"><span>Zonestorm</span> ${escapeHtml(subtitle(result))}</p>
<h1><span class="verdict ${verdict.outcome}">${verdict.outcome}</span> ${escapeHtml(scenario.title)}</h1>
${whatHappened.map((sentence) => `<p class="lead">${escapeHtml(sentence)}</p>`).join('\n')}
${problemList(result)}
</header>
<main>
${renderTiles(tilesOf(result))}
${figures(result)}
${sections(result)}
</main>
<footer>Everything on this page was computed from <a href="plan.json">plan.json</a> and <a href="history.jsonl">history.jsonl</a>.</footer>
<script type="application/json" id="data">${jsonForScript(plotData(result))}</script>
<script>${plotJs}</script>
<script>${pageJs}</script>
</body>
</html>
`;
}

const subtitle = ({ scenario, run }: Result): string =>
  [
    `${scenario.name}`,
    `preset ${scenario.preset}`,
    `seed ${scenario.seed}`,
    ...(run.startedAt === null ? [] : [run.startedAt]),
  ].join(' · ');

function problemList({ verdict, run }: Result): string {
  const items = [
    ...verdict.problems.map(({ check, what }) => `<li><b>${escapeHtml(check)}</b> ${escapeHtml(what)}</li>`),
    ...run.notes.map((note) => `<li><b>note</b> ${escapeHtml(note)}</li>`),
  ];
  return items.length === 0 ? '' : `<ul class="problems ${verdict.outcome}">${items.join('\n')}</ul>`;
}

const plotData = ({ series, trigger, queues, loss, phases, dose, operator }: Result) => ({
  series,
  actions: operator.actions.map(({ doneAtSeconds }) => doneAtSeconds),
  phases,
  volumes: loss.volumes,
  fault: {
    // A misroute alone ends before what it left in the queue.
    endSeconds: dose.faults.every(({ kind }) => kind === 'misroute')
      ? (trigger.routesRestoredAtSeconds ?? trigger.seconds)
      : trigger.seconds,
    triggerEndSeconds: trigger.seconds,
    has: trigger.faults.length > 0,
  },
  queues: queues
    .filter((queue) => queue.zone === loss.zone)
    .map(({ router, plane, capacityMbit }) => ({ router, plane, capacityMbit })),
});

function figures({ loss, series, operator }: Result): string {
  const figure = (id: string, title: string, note: string, className = '') =>
    `<figure class="${className}"><figcaption><b>${escapeHtml(title)}</b> ${escapeHtml(note)}</figcaption><div class="plot" id="${id}"></div></figure>`;
  const apiFigures =
    series.api.length === 0
      ? ''
      : [
          figure('api', 'Calls to the API', 'share of each second’s calls that were answered, by the users’ zone'),
          figure('workers', 'Workers of the control plane', 'busy, and calls that wait for one'),
        ].join('\n');
  return `<section class="figures" aria-label="Plots over time">
<p class="key"><span class="swatch fault"></span><span class="swatch over"></span> fault applied <span class="swatch end"></span> trigger proved gone${operator.actions.length === 0 ? '' : ' · numbers: what operators did'} · time in seconds since the fault was applied</p>
${figure('volumes', 'Volumes by state', `${loss.zone}; areas by the nodes, the line by the instances’ hung I/O`, 'wide')}
${figure('primary', 'Primary network', 'payload through the router, against its capacity')}
${figure('replication', 'Replication network', 'payload through the router, against its capacity')}
${figure('availability', 'Application availability', 'share of each second’s requests answered in time')}
${figure('latency', 'Application latency', 'from the intended start; failures rank slowest')}
${figure('search', 'Search for room', 'attempts per second, all nodes of the zone')}
${figure('slots', 'Room', 'free slots on disk, slots held by old copies, slots of crashed nodes')}
${apiFigures}
${figure('cpu', 'CPU of the machine', 'share of all CPUs, steal included')}
${figure('lag', 'Event-loop lag of the observer', 'p99 of each interval')}
</section>`;
}

function sections(result: Result): string {
  const section = (title: string, body: string, note = '') =>
    `<section><h2>${escapeHtml(title)}</h2>${note === '' ? '' : `<p class="aside">${tables.linked(note)}</p>`}${body}</section>`;
  const io = result.blockIo.map(({ zone, volumes, periods }) => ({
    name: volumes === 'all' ? zone : `${zone}, ${volumes}`,
    periods,
  }));
  const loop = loopFigure(result);
  const beside = result.besideTheEvent;
  return [
    loop === '' ? '' : section('The loop', loop, LOOP_NOTE),
    section('Expectations', tables.expectationsTable(result)),
    beside === undefined
      ? ''
      : section('Beside the event', besideEventTable(beside), `${beside.name}, by ${beside.source}. ${BESIDE_NOTE}`),
    section('Storm', tables.sectionTable(result, 'Storm')),
    section(
      'Agreement',
      tables.agreementTable(result),
      'Each of these was measured in two ways. Where they disagree, one of them is wrong, and the run is inconclusive.',
    ),
    section('Dose', tables.sectionTable(result, 'Dose') + tables.queuesTable(result), CAPACITY_NOTE),
    section(
      'Applications',
      tables.operationsTable(result.applications.map(({ zone, periods }) => ({ name: zone, periods }))),
      'Open-loop requests from outside the zones. Failed, unknown and unfinished ones count against availability and rank slower than every success; ≥ marks a lower bound. Availability has a Wilson interval. No percentile from too few samples.',
    ),
    section(
      'Block I/O of the instances',
      tables.operationsTable(io),
      'There is no time limit here: an operation that hung until the election is ok, and slow.',
    ),
    section(
      'Control plane',
      tables.sectionTable(result, 'Control plane') + tables.operationsTable(apiCalls(result)),
      'Users’ calls come by an open loop; one is given up after a time that the control plane does not know of. A worker that goes on with it works in vain.',
    ),
    ...(result.operator.actions.length === 0 ? [] : [section('Operator', tables.operatorTable(result), OPERATOR_NOTE)]),
    section('Ledger', tables.sectionTable(result, 'Ledger'), LEDGER_NOTE),
    section('Validity', tables.sectionTable(result, 'Validity') + tables.lagTable(result)),
    section(
      'Parameters',
      tables.parametersTable(result),
      'A chosen value is this model’s own and no historic fact. A stated one is given by the source named; a derived one follows from others.',
    ),
    section('Environment', tables.environmentTable(result)),
    section('Files', FILES),
  ]
    .filter((part) => part !== '')
    .join('\n');
}

const apiCalls = ({ controlPlane }: Result) =>
  controlPlane.api.map(({ zone, call, periods }) => ({
    name: call === ALL_CALLS ? zone : `${zone}, ${call}`,
    periods,
  }));

const OPERATOR_NOTE =
  'What operators did, each read back once it was done, and the means of what it should move over the 10 s before it was asked for and the 10 s after it was done.';
const LOOP_NOTE =
  'What sustained the storm of 2011, with the numbers of this run. Grey and dashed: this run did not have it. An arrow says that both were measured, and in this order the model has them; that one caused the other is told by runs without one of them.';

const BESIDE_NOTE =
  'What it states stands here in words of ours. No size, no timeout and no rate of the model is from there unless its origin below is “stated”.';

const CAPACITY_NOTE =
  'A capacity is 10⁶ bit/s of TCP payload at the receiver. A router has one queue for everything that passes it. Rates here are bytes of frames that left the queue × 1,448/1,514, the payload of a full frame: an upper bound where messages are small.';

const LEDGER_NOTE =
  'Every write to the first half of a volume was numbered and checksummed, and compared after the measurement with the replicas of the highest confirmed epoch on disk. A flushed write is an fdatasync inside the engine’s volume: it survives the end of a process or a container. That it would survive a loss of power is not proven here.';

const FILES = `<ul class="files">${[
  ['plan.json', 'everything the run was to do, written before it began'],
  ['history.jsonl', 'every record, as it arrived'],
  ['result.json', 'the numbers of this page and its curves'],
  ['summary.md', 'the same for a pull request'],
  ['junit.xml', 'the same for a CI system'],
  ['logs/', 'what the containers printed for people'],
]
  .map(([name, what]) => `<li><a href="${name}">${name}</a> ${what}</li>`)
  .join('')}</ul>`;
