/** What the pacers saw of one link, joined: every byte with the time it was sent and the time it arrived. */
export interface LinkTicks {
  readonly link: number;
  /** In the order in which they were sent; `arrived` is infinite for one that never did. Times in ms, one clock. */
  readonly ticks: readonly { readonly sent: number; readonly arrived: number }[];
  /** When its connections were closed. */
  readonly closedAt: readonly number[];
}

interface Dumped {
  readonly link: number;
  readonly number: number;
  readonly times: string;
}
export interface PacerDump {
  readonly sent: readonly (Dumped & { readonly closedAt: number | null })[];
  readonly arrived: readonly Dumped[];
}

/** A tick later than this was held up by the fault: a hundred times what it takes otherwise. ms */
export const LATE_MS = 20;
/** So many ticks in a row, so that a program that was not scheduled is not taken for a fault. */
const LATE_IN_A_ROW = 5;
/** A tick that was on its way when the fault was called for may be its first. ms */
const ON_ITS_WAY_MS = 2;
/** Before a fault is called for, a link must have been at rest for so long. ms */
const AT_REST_MS = 40;

export function joinTicks(dumps: readonly PacerDump[]): Map<number, LinkTicks> {
  const arrivals = new Map<string, Float64Array>();
  for (const { link, number, times } of dumps.flatMap((dump) => dump.arrived)) {
    arrivals.set(`${link}.${number}`, decode(times));
  }
  const links = new Map<number, LinkTicks>();
  const connections = dumps.flatMap((dump) => dump.sent).toSorted((a, b) => a.number - b.number);
  for (const { link, number, times, closedAt } of connections) {
    const arrived = arrivals.get(`${link}.${number}`) ?? new Float64Array();
    const before = links.get(link) ?? { link, ticks: [], closedAt: [] };
    const ticks = [...decode(times)].map((sent, i) => ({ sent, arrived: arrived[i] ?? Number.POSITIVE_INFINITY }));
    links.set(link, {
      link,
      ticks: [...before.ticks, ...ticks],
      closedAt: closedAt === null ? before.closedAt : [...before.closedAt, closedAt],
    });
  }
  return links;
}

function decode(text: string): Float64Array {
  const bytes = Buffer.from(text, 'base64');
  return new Float64Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
}

/** When a fault was seen on a link, ms after its call. */
export interface Onset {
  readonly ms: number;
  /** It came between this long before `ms`, when a tick still passed, and `ms`. */
  readonly resolutionMs: number;
}

const isLate = ({ sent, arrived }: { sent: number; arrived: number }): boolean => arrived - sent > LATE_MS;

/**
 * The first tick that was held up, of those sent between the call and the revert. `null`: none was. `not-at-rest`: the
 * link still felt the fault before.
 */
export function onsetOf(link: LinkTicks, calledAt: number, revertedAt: number): Onset | null | 'not-at-rest' {
  const { ticks } = link;
  const from = firstSentAfter(ticks, calledAt - ON_ITS_WAY_MS);
  const rest = ticks.slice(firstSentAfter(ticks, calledAt - AT_REST_MS), from);
  if (rest.length < 3 || rest.some(isLate)) return 'not-at-rest';
  for (let i = from; i < ticks.length && (ticks[i]?.sent ?? 0) < revertedAt; i += 1) {
    const next = ticks.slice(i, i + LATE_IN_A_ROW);
    const [first, before] = [ticks[i], ticks[i - 1]];
    if (first === undefined || before === undefined || !next.every(isLate)) continue;
    return { ms: first.sent - calledAt, resolutionMs: first.sent - before.sent };
  }
  return null;
}

/** The first close of one of its connections between the call and the revert: seen when it comes, at no tick. */
export function closeOf(link: LinkTicks, calledAt: number, revertedAt: number): Onset | null {
  const at = link.closedAt.find((time) => time >= calledAt && time < revertedAt);
  return at === undefined ? null : { ms: at - calledAt, resolutionMs: 0 };
}

function firstSentAfter(ticks: LinkTicks['ticks'], at: number): number {
  let [low, high] = [0, ticks.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ticks[middle]?.sent ?? 0) < at) low = middle + 1;
    else high = middle;
  }
  return low;
}
