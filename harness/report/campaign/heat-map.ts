import { readFile } from 'node:fs/promises';
import type { Sweep } from '../../campaign/sweep.ts';
import { escapeHtml } from '../html/escape.ts';
import { sweepReport } from './sections.ts';
import { boundsText } from './values.ts';

type Cell = Sweep['cells'][number];
type Axis = Sweep['axes'][number];

// As in report.html: nothing the page holds could load or send anything.
const POLICY = "default-src 'none'; style-src 'unsafe-inline'";

/**
 * `sweep.html`: a map of how many seeds recovered, one page that carries everything in itself and prints. Columns are
 * the last axis and rows the one before; further axes make one map for each of their combinations. Every cell says its
 * numbers: a colour that is not seen takes nothing away.
 */
export async function renderHeatMap(sweep: Sweep): Promise<string> {
  const css = await readFile(new URL('heat-map.css', import.meta.url), 'utf8');
  const report = sweepReport(sweep);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(report.title)} – Zonestorm</title>
<style>${css}</style>
</head>
<body>
<h1>${escapeHtml(report.title)}</h1>
${report.lead.map((line) => `<p>${escapeHtml(line)}</p>`).join('\n')}
<p>Each cell: how many of the conclusive runs recovered, the median time of the storm, and the runs that do not count. The more recovered, the lighter; striped where no run is conclusive.</p>
<div class="maps">
${maps(sweep).join('\n')}
</div>
${report.sections.map(({ title, head, rows }) => `<h2>${escapeHtml(title)}</h2>\n${table(head, rows)}`).join('\n')}
${report.notes.map((note) => `<p>${escapeHtml(note)}</p>`).join('\n')}
</body>
</html>
`;
}

/** One for each combination of the axes before the last two. */
function maps({ axes, cells }: Sweep): readonly string[] {
  const columns = axes.at(-1);
  const rows = axes.at(-2);
  if (columns === undefined) return [];
  const others = axes.slice(0, -2);
  const combinations = others.reduce<readonly Readonly<Record<string, string>>[]>(
    (sofar, { key, values }) => sofar.flatMap((one) => values.map((value) => ({ ...one, [key]: value }))),
    [{}],
  );
  return combinations.map((fixed) => {
    const here = cells.filter(({ settings }) => Object.entries(fixed).every(([key, value]) => settings[key] === value));
    return map(fixed, rows, columns, here);
  });
}

function map(
  fixed: Readonly<Record<string, string>>,
  rows: Axis | undefined,
  columns: Axis,
  cells: readonly Cell[],
): string {
  const names = Object.entries(fixed).map(([key, value]) => `${key} = ${value}`);
  const caption = [...names, `${rows === undefined ? '' : `down: ${rows.key}; `}across: ${columns.key}`].join(', ');
  const head = columns.values.map((value) => `<th scope="col">${escapeHtml(value)}</th>`).join('');
  const lines = (rows?.values ?? ['']).map((row) => {
    const line = columns.values.map((column) =>
      box(
        cells.find(
          ({ settings }) => settings[columns.key] === column && (rows === undefined || settings[rows.key] === row),
        ),
      ),
    );
    return `<tr><th scope="row">${escapeHtml(row)}</th>${line.join('')}</tr>`;
  });
  return `<table class="map"><caption>${escapeHtml(caption)}</caption>
<thead><tr><th></th>${head}</tr></thead>
<tbody>${lines.join('\n')}</tbody></table>`;
}

function box(cell: Cell | undefined): string {
  if (cell === undefined) return '<td class="none"></td>';
  const { recovered, runs, spreads } = cell;
  const unfit = [
    ...(runs.inconclusive > 0 ? [`${runs.inconclusive} inconclusive`] : []),
    ...(runs.broken > 0 ? [`${runs.broken} broken`] : []),
    ...(runs.missing > 0 ? [`${runs.missing} to do`] : []),
  ];
  const storm = boundsText(spreads['storm.seconds']?.median ?? null, 's');
  const lines = [...(recovered.of === 0 ? [] : [`storm ${storm}`]), ...unfit];
  const small = lines.map((line) => `<small>${escapeHtml(line)}</small>`).join('');
  if (recovered.of === 0) return `<td class="none"><b>–</b>${small}</td>`;
  const share = recovered.yes / recovered.of;
  return `<td${isDark(share) ? ' class="dark"' : ''} style="background:${shade(share)}"><b>${recovered.yes} of ${recovered.of}</b>${small}</td>`;
}

/** Whether white is to be read on it: more than half have not recovered. */
const isDark = (share: number): boolean => share < 0.5;

/**
 * One hue from dark (none recovered) to light (all), which also prints in grey in the right order. It leaves out the
 * middle, on which neither ink nor white is readable.
 */
const shade = (share: number): string => {
  const lightness = isDark(share) ? 28 + 36 * share : 58 + 68 * (share - 0.5);
  return `hsl(212 45% ${Math.round(lightness)}%)`;
};

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  `<table><thead><tr>${head.map((one) => `<th scope="col">${escapeHtml(one)}</th>`).join('')}</tr></thead>
<tbody>${rows.map((row) => `<tr>${row.map((one) => `<td>${escapeHtml(one)}</td>`).join('')}</tr>`).join('\n')}</tbody></table>`;
