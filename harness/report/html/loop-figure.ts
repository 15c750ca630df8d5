import { LOOP_STATES, type LoopArrow, type LoopState, loopOf } from '../loop.ts';
import type { Result } from '../result-schema.ts';
import { escapeHtml } from './escape.ts';

/** Where everything stands in one drawing, in its own units, which are CSS pixels at full size. */
interface Layout {
  readonly name: 'wide' | 'narrow';
  readonly width: number;
  readonly height: number;
  readonly box: { readonly width: number; readonly height: number };
  /** Centres. */
  readonly states: Readonly<Record<LoopState, readonly [x: number, y: number]>>;
  /** By `from-to`: the path, and where the first line of its text begins, ends or has its middle. */
  readonly arrows: Readonly<Record<string, ArrowPlace>>;
}

interface ArrowPlace {
  readonly path: string;
  readonly text: readonly [x: number, y: number];
  readonly anchor: 'start' | 'middle' | 'end';
  /** What stands before the text, where the arrow is not beside it. */
  readonly lead?: string;
}

/** Two loops that meet in the full cluster: over the control plane on the right, over crashes on the left. */
const WIDE: Layout = {
  name: 'wide',
  width: 1096,
  height: 486,
  box: { width: 190, height: 54 },
  states: {
    trigger: [548, 34],
    full: [548, 165],
    creations: [994, 165],
    workers: [994, 305],
    confirmations: [994, 445],
    copies: [548, 445],
    search: [102, 165],
    crashes: [102, 305],
  },
  arrows: {
    'trigger-full': { path: 'M548 61V134', text: [560, 92], anchor: 'start' },
    'full-creations': { path: 'M643 165H895', text: [769, 139], anchor: 'middle' },
    'creations-workers': { path: 'M994 192V274', text: [982, 228], anchor: 'end' },
    'workers-confirmations': { path: 'M994 332V414', text: [982, 368], anchor: 'end' },
    'confirmations-copies': { path: 'M899 445H647', text: [769, 419], anchor: 'middle' },
    'copies-full': { path: 'M548 418V196', text: [560, 312], anchor: 'start' },
    'full-search': { path: 'M453 165H201', text: [327, 139], anchor: 'middle' },
    'search-crashes': { path: 'M102 192V274', text: [114, 220], anchor: 'start' },
    'crashes-full': { path: 'M197 305H500V196', text: [348, 325], anchor: 'middle' },
  },
};

/** One below the other, for a telephone; both ways back run along the left edge. */
const NARROW: Layout = {
  name: 'narrow',
  width: 360,
  height: 850,
  box: { width: 220, height: 40 },
  states: {
    trigger: [180, 22],
    full: [180, 122],
    creations: [180, 222],
    workers: [180, 322],
    confirmations: [180, 422],
    copies: [180, 522],
    search: [180, 652],
    crashes: [180, 764],
  },
  arrows: {
    'trigger-full': { path: 'M100 42V98', text: [112, 68], anchor: 'start' },
    'full-creations': { path: 'M100 142V198', text: [112, 168], anchor: 'start' },
    'creations-workers': { path: 'M100 242V298', text: [112, 268], anchor: 'start' },
    'workers-confirmations': { path: 'M100 342V398', text: [112, 368], anchor: 'start' },
    'confirmations-copies': { path: 'M100 442V498', text: [112, 468], anchor: 'start' },
    'copies-full': { path: 'M70 522H34V128H66', text: [70, 560], anchor: 'start', lead: '↑ ' },
    'full-search': { path: 'M290 122H350V652H294', text: [290, 608], anchor: 'end', lead: '↓ ' },
    'search-crashes': { path: 'M100 672V740', text: [112, 693], anchor: 'start' },
    'crashes-full': { path: 'M70 764H14V114H66', text: [70, 802], anchor: 'start', lead: '↑ ' },
  },
};

const LINE_HEIGHT = 16;

/** The figure of the loop, drawn twice: the page shows the one that fits. Empty where the run had no storm. */
export function loopFigure(result: Result): string {
  const arrows = loopOf(result);
  return arrows.length === 0 ? '' : [WIDE, NARROW].map((layout) => drawing(layout, arrows)).join('\n');
}

function drawing(layout: Layout, arrows: readonly LoopArrow[]): string {
  const { name, width, height } = layout;
  const head = (className: string) =>
    `<marker id="${name}-${className}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" markerUnits="userSpaceOnUse" orient="auto"><path class="head ${className}" d="M0 0L8 4L0 8z"/></marker>`;
  return `<svg class="loop ${name}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escapeHtml(inWords(arrows))}">
<defs>${head('had')}${head('missing')}</defs>
${arrows.map((arrow) => arrowOf(layout, arrow)).join('\n')}
${Object.keys(LOOP_STATES)
  .map((state) => boxOf(layout, state as LoopState, arrows))
  .join('\n')}
</svg>`;
}

function arrowOf({ name, arrows }: Layout, { from, to, happened, lines }: LoopArrow): string {
  const place = arrows[`${from}-${to}`];
  if (place === undefined) throw new Error(`no place for ${from}-${to}`);
  const className = happened ? 'had' : 'missing';
  const [x, y] = place.text;
  const text = (happened ? lines : [...lines, 'not in this run'])
    .map((line, index) => {
      const words = `${index === 0 ? (place.lead ?? '') : ''}${line}`;
      return `<tspan x="${x}" dy="${index === 0 ? 0 : LINE_HEIGHT}">${escapeHtml(words)}</tspan>`;
    })
    .join('');
  // What stands above a level line grows upwards.
  const up =
    place.anchor === 'middle' && place.path.match(/^M\d+ \d+H\d+$/)
      ? (happened ? lines.length : lines.length + 1) - 2
      : 0;
  return (
    `<path class="arrow ${className}" d="${place.path}" marker-end="url(#${name}-${className})"/>` +
    `<text class="${className}" text-anchor="${place.anchor}" y="${y - up * LINE_HEIGHT}">${text}</text>`
  );
}

/** A state is drawn as had when something led to it. */
function boxOf({ box, states }: Layout, state: LoopState, arrows: readonly LoopArrow[]): string {
  const [x, y] = states[state];
  const had = state === 'trigger' || arrows.some(({ to, happened }) => to === state && happened);
  return (
    `<g class="state ${had ? 'had' : 'missing'}"><rect x="${x - box.width / 2}" y="${y - box.height / 2}" width="${box.width}" height="${box.height}" rx="7"/>` +
    `<text x="${x}" y="${y + 5}" text-anchor="middle">${escapeHtml(LOOP_STATES[state])}</text></g>`
  );
}

const inWords = (arrows: readonly LoopArrow[]): string =>
  arrows
    .map(({ from, to, happened, lines }) => {
      return `${LOOP_STATES[from]} → ${LOOP_STATES[to]}: ${happened ? '' : 'not in this run; '}${lines.join(', ')}.`;
    })
    .join(' ');
