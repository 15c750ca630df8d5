import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Result } from '../result-schema.ts';
import { escapeHtml, jsonForScript } from './escape.ts';
import { renderSections } from './sections.ts';
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
${renderSections(result)}
</main>
<footer>
${FILES}
<p>Everything on this page was computed from <a href="plan.json">plan.json</a> and <a href="history.jsonl">history.jsonl</a>.</p>
</footer>
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
