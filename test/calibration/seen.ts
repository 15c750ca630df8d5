import {
  type End,
  type Message,
  PAGE_BYTES,
  type SourceReport,
  type TalkRecord,
  type TalkReport,
  type WaitingReport,
} from '../../fixtures/probe/talk-protocol.ts';

/** When a fault was put into force and put back, ms of CLOCK_MONOTONIC: before and after each call. */
export interface FaultTimes {
  readonly applyingAt: number;
  readonly appliedAt: number;
  readonly revertingAt: number;
  readonly revertedAt: number;
}

/** What becomes of a connection at its two ends. */
interface Ends {
  readonly source: string;
  readonly destination: string;
}

/** What both ends of a link see of a fault, in words; a row of the table. `-`: there is no such connection any more. */
export interface Seen {
  /** A connection with traffic both ways that was open before: `open`, or how it ended. */
  readonly open: Ends;
  /** One that was open before, and over which nothing is sent while the fault lasts. */
  readonly idle: Ends;
  /** What the source and the destination send on the open connection while the fault lasts. */
  readonly sent: { readonly up: string; readonly down: string };
  /** A connection that is dialled while the fault lasts, and sends at once. */
  readonly fresh: string;
  /** What becomes of these three when the fault is put back, and of a connection that is dialled then. */
  readonly healed: { readonly open: Ends; readonly idle: string; readonly fresh: string; readonly later: string };
}

/** What becomes of connections over which nothing is sent until well after the revert, and then a page is asked for. */
export interface FirstUsedAfter {
  /** Dialled while the fault lasts. `-`: there is none, or it ended before the revert. */
  readonly dialledMeanwhile: string;
  /** Dialled before, meanwhile, or while the fault was applied or reverted: whatever else it said of any of them. */
  readonly dialledAnyTime: readonly string[];
}

/** What happens nearer than this to the fault's begin or end is counted for neither side of it. */
const EDGE_MS = 100;
/** A message takes about a millisecond; one that took longer than this was held back. */
const PROMPT_MS = 400;

/** @param records what the destination printed, of all conversations */
export function seen(report: TalkReport, records: readonly TalkRecord[], times: FaultTimes): Seen {
  const { talking, idle, fresh } = report;
  const at = (name: string) => records.filter((one) => one.name === name && one.t < report.until);
  const meanwhile = fresh.filter(
    (one) => one.dialledAt > times.appliedAt + EDGE_MS && one.dialledAt < times.revertingAt - PROMPT_MS,
  );
  const later = fresh.filter(
    (one) => one.dialledAt > times.revertedAt + EDGE_MS && one.dialledAt < report.until - PROMPT_MS,
  );
  return {
    open: { source: during(talking.end, times), destination: during(endOf(at(talking.name)), times) },
    idle: { source: during(idle.end, times), destination: during(endOf(at(idle.name)), times) },
    sent: {
      up: fate(talking.sent, messages(at(talking.name), 'received'), times),
      down: fate(messages(at(talking.name), 'sent'), talking.unasked, times),
    },
    fresh: all(meanwhile.map((one) => freshMeanwhile(one, times))),
    healed: {
      open: { source: healed(talking, times), destination: healedEnd(endOf(at(talking.name)), times) },
      idle: healed(idle, times),
      fresh: all(meanwhile.map((one) => freshHealed(one, times))),
      later: all(later.map((one) => (one.echoed.length === 1 && one.end === null ? 'answered' : 'not answered'))),
    },
  };
}

/** A page came whole and ended with FIN, or the connection was closed by the revert, or before it; all else is wrong. */
const WHOLE = 'delivers all';
const ALLOWED = ['-', 'FIN', 'RST', WHOLE];

/** @param times of the fault, or of each cut of one that comes and goes, in their order */
export function firstUsedAfter(reports: readonly WaitingReport[], ...times: readonly FaultTimes[]): FirstUsedAfter {
  const last = times.at(-1);
  if (last === undefined) throw new Error('no fault');
  const words = times.flatMap((one) =>
    reports
      .filter(({ dialledAt }) => dialledAt > one.appliedAt + EDGE_MS && dialledAt < one.revertingAt - EDGE_MS)
      .map((report) => used(report, one)),
  );
  const others = reports.map((one) => used(one, last)).filter((word) => !ALLOWED.includes(word));
  return { dialledMeanwhile: all(words), dialledAnyTime: [...new Set(others)].sort() };
}

function used(
  { connectedAt, askedAt, receivedBytes, end }: WaitingReport,
  { revertingAt, revertedAt }: FaultTimes,
): string {
  if (end !== null && (connectedAt === null || end.at < revertingAt)) return '-';
  if (end !== null && askedAt === null) return end.at < revertedAt + EDGE_MS ? end.how : `${end.how}, late`;
  const whole = receivedBytes === PAGE_BYTES;
  if (whole && end?.how === 'FIN') return WHOLE;
  return `${whole ? 'all' : receivedBytes === 0 ? 'nothing' : 'a part'}, then ${end?.how ?? 'silence'}`;
}

/**
 * A row as it is when Toxiproxy closed a socket over a message that it had not read yet: for FIN, the kernel then says
 * RST (RFC 1122, 4.2.2.13), and which of the two is a matter of a millisecond. It can be so only of the connection with
 * traffic, and only when the last message of the end that sees it never arrived; the idle one shows how the fault closes.
 */
export function overUnread(row: Seen, found: Seen, report: TalkReport, records: readonly TalkRecord[]): Seen {
  const { talking } = report;
  const printed = records.filter((one) => one.name === talking.name);
  const lastLost = (sent: readonly Message[], arrived: readonly Message[], end: End | null): boolean => {
    const last = sent.findLast(([, t]) => end === null || t < end.at);
    return last !== undefined && !arrived.some(([number]) => number === last[0]);
  };
  const received = messages(printed, 'received');
  const end = endOf(printed);
  const unread = {
    source: lastLost(talking.sent, received, talking.end),
    destination: lastLost(messages(printed, 'sent'), talking.unasked, end) || lastLost(received, talking.echoed, end),
  };
  const ends = (expected: Ends, are: Ends): Ends => {
    const one = (of: keyof Ends) => (expected[of] === 'FIN' && are[of] === 'RST' && unread[of] ? 'RST' : expected[of]);
    return { source: one('source'), destination: one('destination') };
  };
  return {
    ...row,
    open: ends(row.open, found.open),
    healed: { ...row.healed, open: ends(row.healed.open, found.healed.open) },
  };
}

function during(end: End | null, { applyingAt, revertingAt }: FaultTimes): string {
  if (end === null || end.at >= revertingAt) return 'open';
  return end.at < applyingAt ? `${end.how} before it` : end.how;
}

function healedEnd(end: End | null, { revertingAt }: FaultTimes): string {
  if (end === null) return 'goes on';
  return end.at < revertingAt ? '-' : end.how;
}

/** It goes on only when everything that is sent after the revert is answered. */
function healed({ end, sent, echoed }: SourceReport, times: FaultTimes): string {
  if (end !== null) return healedEnd(end, times);
  const late = sent.filter(([, t]) => t > times.revertedAt + EDGE_MS).map(([n]) => n);
  const answered = new Set(echoed.map(([n]) => n));
  return late.length > 0 && late.every((n) => answered.has(n)) ? 'goes on' : 'silent';
}

function fate(sent: readonly Message[], arrived: readonly Message[], times: FaultTimes): string {
  const inside = sent.filter(([, t]) => t > times.appliedAt + EDGE_MS && t < times.revertingAt - PROMPT_MS);
  if (inside.length === 0) return '-';
  const when = new Map(arrived);
  return all(
    inside.map(([number, t]) => {
      const at = when.get(number);
      if (at === undefined) return 'lost';
      if (at - t < PROMPT_MS) return 'delivered';
      return at > times.revertingAt ? 'held back' : 'late';
    }),
  );
}

function freshMeanwhile({ connectedAt, echoed, end }: SourceReport, { revertingAt }: FaultTimes): string {
  const ended = end !== null && end.at < revertingAt ? end.how : null;
  if (connectedAt === null || connectedAt >= revertingAt) return ended ?? 'no answer to SYN';
  if (!echoed.some(([, t]) => t < revertingAt)) return `connects, then ${ended ?? 'silence'}`;
  return ended === null ? 'answered' : `answered, then ${ended}`;
}

function freshHealed({ echoed, end }: SourceReport, { revertingAt }: FaultTimes): string {
  if (end !== null) return end.at < revertingAt ? '-' : end.how;
  return echoed.length === 1 ? 'answered' : 'silent';
}

function messages(records: readonly TalkRecord[], event: TalkRecord['event']): Message[] {
  return records.filter((one) => one.event === event).map((one) => [one.number ?? -1, one.t]);
}

function endOf(records: readonly TalkRecord[]): End | null {
  const end = records.find((one) => one.event === 'end');
  return end === undefined ? null : { how: end.how ?? '', at: end.t };
}

/** What all have in common, or everything that there was. */
function all(words: readonly string[]): string {
  if (words.length < 3) return `tried ${words.length} times`;
  const different = [...new Set(words)].sort();
  if (different.length === 1) return different[0] ?? '';
  return different.map((word) => `${words.filter((one) => one === word).length} × ${word}`).join(', ');
}
