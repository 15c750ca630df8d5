import { z } from 'zod';
import type { TriedConnection } from '../history/records.ts';
import type { Experience, PlanFault } from '../scenario/plan.ts';
import type { Frame, Window } from './frame.ts';
import { faultWindows, overlap } from './in-force.ts';
import { nearestRank } from './paths.ts';
import { round } from './rounding.ts';
import { type Silenced, silencedWindows } from './silenced.ts';
import { silentIn, type Watcher, watchersOf } from './watchers.ts';

const open = z.enum(['answers', 'closed', 'silent', 'mixed']);
const fresh = z.enum(['answered', 'refused', 'ended', 'silent', 'mixed']);

export const experienceSchema = z.strictObject({
  fault: z.string(),
  link: z.string(),
  seconds: z.number().describe('How long the fault was in force'),
  askedOpen: open,
  seenOpen: open.nullable().describe('By a connection that was open before'),
  openPings: z.number().describe('Bytes sent on it while the fault was in force'),
  openAnswered: z.number(),
  askedFresh: fresh,
  seenFresh: fresh.nullable().describe('By connections that began meanwhile'),
  freshTried: z.number(),
  addedRttMs: z.number().nullable().describe('Median round trip meanwhile − before; `null`: nothing was answered'),
  askedAddedRttMs: z.number().nullable().describe('`null`: the fault states nothing of it'),
  holds: z.boolean().nullable().describe('What was seen is what was asked for; `null`: too little was seen to tell'),
  reason: z.string().nullable(),
  missing: z
    .array(z.string())
    .optional()
    .describe('What was to be seen and was not, as of a witness that said nothing: *not judged* is a problem then'),
});
export type SeenExperience = z.infer<typeof experienceSchema>;

/** What was under way when the fault was applied or reverted belongs to neither, ms. */
const SETTLE_MS = 300;
/** Fewer than this tell nothing of a window. */
const FEWEST_PINGS = 5;
const FEWEST_TRIED = 2;
/** A timer of a process that shares a machine fires so much later, now and then. */
const SLACK_MS = 250;
/** Round trips are this much longer than asked for at most, or 20 %: the machine's scheduling is in them too. */
const RTT_TOLERANCE_MS = 10;
const RTT_TOLERANCE = 0.2;

/** What an open and a new connection saw of each fault, on the links that have a witness. */
export function measureExperiences(frame: Frame): readonly SeenExperience[] {
  const windows = faultWindows(frame);
  const silenced = silencedWindows(frame);
  return frame.plan.phases
    .flatMap(({ faults }) => faults)
    .flatMap((fault) => {
      const { experience } = fault;
      const window = windows.get(fault.id);
      if (experience === null || window === undefined) return [];
      return watchersOf(frame, fault).map((watcher) =>
        seenOn(frame, { fault, experience, window, windows, silenced }, watcher),
      );
    });
}

/** Faults that were in force, state what connections over their links see, and had nobody who looked. */
export function unwitnessedFaults(frame: Frame): readonly string[] {
  const windows = faultWindows(frame);
  return frame.plan.phases
    .flatMap(({ faults }) => faults)
    .filter(({ id, experience, targets }) => experience !== null && targets.links.length > 0 && windows.has(id))
    .filter((fault) => watchersOf(frame, fault).length === 0)
    .map(({ id }) => id);
}

interface Stated {
  readonly fault: PlanFault;
  readonly experience: Experience;
  /** In which it was in force. */
  readonly window: Window;
  /** In which each of the plan's faults was. */
  readonly windows: ReadonlyMap<string, Window>;
  /** By container, when a fault kept it from running. */
  readonly silenced: ReadonlyMap<string, readonly Silenced[]>;
}

function seenOn(frame: Frame, stated: Stated, watcher: Watcher): SeenExperience {
  const { fault, experience: asked, window } = stated;
  const { records } = watcher;
  const link = watcher.link.id;
  const others = overlapping(frame, stated, watcher);
  // What open connections meet after another fault is that one's doing too.
  const aloneUntilT = Math.min(window.endT, ...others.map(({ touchedT }) => Math.max(window.startT, touchedT)));
  // What is asked to take longer is not waited for beyond the end.
  const settled = { startT: window.startT + SETTLE_MS, endT: aloneUntilT - asked.addedRttMs };
  // A new connection is judged a second after it began at the latest, so it must begin a second before the end.
  const judged = { startT: settled.startT, endT: aloneUntilT - 1000 };
  const pings = records.flatMap((one) => one.pings).filter(([sent]) => inside(settled, sent));
  const answeredMeanwhile = pings.filter(([sent, rtt]) => rtt !== null && sent + rtt < aloneUntilT);
  const tried = records.flatMap((one) => one.tried).filter(([began]) => inside(judged, began));
  const closed = records.flatMap((one) => one.closed).some(([t]) => t >= window.startT - 50 && t < aloneUntilT);
  const before = medianRtt(records, { startT: window.startT - 5_000, endT: window.startT - SETTLE_MS });
  const meanwhile = medianRtt(records, settled);
  const addedRttMs = before === null || meanwhile === null ? null : round(meanwhile - before, 3);
  const seenOpen: SeenExperience['seenOpen'] = closed ? 'closed' : seenByPings(pings.length, answeredMeanwhile.length);
  const seenFresh = asDialled(watcher, asked, seenByTried(tried));
  const isShort = {
    open: settled.endT - settled.startT < (FEWEST_PINGS + 1) * watcher.pingMs + SLACK_MS,
    fresh: judged.endT - judged.startT < (FEWEST_TRIED + 1) * watcher.newConnectionMs + SLACK_MS,
  };
  const silent = silentIn(frame, watcher, window, stated.silenced);
  const ids = others.map(({ id }) => id);
  const { holds, reason, missing } = judge(asked, { silent, others: ids, seenOpen, seenFresh, addedRttMs, isShort });
  return {
    fault: fault.id,
    link,
    seconds: round((window.endT - window.startT) / 1000, 3),
    askedOpen: asked.open,
    seenOpen,
    openPings: pings.length,
    openAnswered: answeredMeanwhile.length,
    askedFresh: asked.fresh,
    seenFresh,
    freshTried: tried.length,
    addedRttMs,
    askedAddedRttMs: asked.addedRttMs === 0 ? null : asked.addedRttMs,
    holds,
    reason,
    ...(missing.length === 0 ? {} : { missing: [...missing] }),
  };
}

/**
 * What the router did with a new connection. From outside the engine's own proxy accepts each connection to a published
 * port before it dials the router, and ends it where that refuses (docker-proxy, for 127.0.0.1).
 */
function asDialled(
  { link }: Watcher,
  asked: Experience,
  seen: SeenExperience['seenFresh'],
): SeenExperience['seenFresh'] {
  return link.source === 'host' && asked.fresh === 'refused' && seen === 'ended' ? 'refused' : seen;
}

interface Judged {
  readonly holds: boolean | null;
  readonly reason: string | null;
  readonly missing: readonly string[];
}

function judge(
  asked: Experience,
  seen: {
    readonly silent: readonly string[];
    readonly others: readonly string[];
    readonly seenOpen: SeenExperience['seenOpen'];
    readonly seenFresh: SeenExperience['seenFresh'];
    readonly addedRttMs: number | null;
    readonly isShort: { readonly open: boolean; readonly fresh: boolean };
  },
): Judged {
  const is = (holds: boolean): Judged => ({ holds, reason: null, missing: [] });
  const untold = (missing: readonly string[]): Judged => ({ holds: null, reason: missing.join('; '), missing });
  const excused = (reason: string): Judged => ({ holds: null, reason, missing: [] });
  // First: what a dead witness saw of an overlap is nothing either.
  if (seen.silent.length > 0) return untold(seen.silent);
  const isAlike = (seen.seenOpen ?? asked.open) === asked.open && (seen.seenFresh ?? asked.fresh) === asked.fresh;
  // A fault that failed before another began has failed; one that held for a moment is not judged by that moment.
  if (seen.others.length > 0 && isAlike && (seen.isShort.open || seen.isShort.fresh)) {
    return excused(`${seen.others.join(', ')} was on the link at the same time`);
  }
  if (seen.seenOpen === null && seen.seenFresh === null) {
    if (seen.isShort.open) return excused('in force too shortly to tell');
    return seen.isShort.fresh
      ? excused('no connection was open before, and it was in force too shortly for new ones')
      : untold(['no connection was seen']);
  }
  if (seen.seenOpen !== null && seen.seenOpen !== asked.open) return is(false);
  if (seen.seenFresh !== null && seen.seenFresh !== asked.fresh) return is(false);
  if (seen.seenFresh === null && !seen.isShort.fresh) return untold(['no new connection was seen']);
  if (asked.addedRttMs > 0) {
    const least = asked.addedRttMs * (1 - RTT_TOLERANCE);
    const most = asked.addedRttMs * (1 + RTT_TOLERANCE) + RTT_TOLERANCE_MS;
    const added = seen.addedRttMs;
    if (added !== null) return is(added >= least && added <= most);
    return seen.isShort.open
      ? excused('in force too shortly to tell')
      : untold(['no round trips before and meanwhile, to compare']);
  }
  return is(true);
}

interface Other {
  readonly id: string;
  /** Since when it may have been on the link: the harness began to apply it. */
  readonly touchedT: number;
}

/** Other faults that touched the same link, or an end of it, while this one was in force. */
function overlapping(frame: Frame, { fault, window, windows }: Stated, { link }: Watcher): Other[] {
  return frame.plan.phases
    .flatMap(({ faults }) => faults)
    .filter((other) => {
      const during = windows.get(other.id);
      if (other.id === fault.id || during === undefined || !overlap(during, window)) return false;
      const { links, routers, containers } = other.targets;
      const isOnRouter = links.length === 0 && routers.includes(link.router);
      return (
        links.includes(link.id) || isOnRouter || [link.source, link.destination].some((end) => containers.includes(end))
      );
    })
    .map(({ id }) => ({ id, touchedT: touchedT(frame, id) }));
}

function touchedT({ history }: Frame, id: string): number {
  return history.of('fault').find((one) => one.id === id)?.t ?? Number.NEGATIVE_INFINITY;
}

const inside = (window: Window, t: number): boolean => t >= window.startT && t < window.endT;

function medianRtt(records: Watcher['records'], window: Window): number | null {
  const rtts = records
    .flatMap((one) => one.pings)
    .flatMap(([sent, rtt]) => (rtt !== null && inside(window, sent) ? [rtt] : []))
    .sort((a, b) => a - b);
  return nearestRank(rtts, 0.5);
}

function seenByPings(sent: number, answered: number): 'answers' | 'silent' | 'mixed' | null {
  if (sent < FEWEST_PINGS) return null;
  if (answered === 0) return 'silent';
  // The last ones' answers may come after the end.
  return answered >= 0.7 * sent ? 'answers' : 'mixed';
}

function seenByTried(tried: readonly TriedConnection[]): 'answered' | 'refused' | 'ended' | 'silent' | 'mixed' | null {
  if (tried.length < FEWEST_TRIED) return null;
  const outcomes = new Set(
    tried.map(([, outcome]) => (outcome === 'reset' || outcome === 'closed' ? ('ended' as const) : outcome)),
  );
  const [only] = outcomes;
  return outcomes.size === 1 && only !== undefined ? only : 'mixed';
}
