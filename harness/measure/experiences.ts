import { z } from 'zod';
import type { TriedConnection, WitnessRecord } from '../history/records.ts';
import type { Experience, PlanFault } from '../scenario/plan.ts';
import type { Frame, Window } from './frame.ts';
import { nearestRank } from './paths.ts';
import { round } from './rounding.ts';

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
});
export type SeenExperience = z.infer<typeof experienceSchema>;

/** What was under way when the fault was applied or reverted belongs to neither, ms. */
const SETTLE_MS = 300;
/** Fewer than this tell nothing of a window. */
const FEWEST_PINGS = 5;
const FEWEST_TRIED = 2;
/** Round trips are this much longer than asked for at most, or 20 %: the machine's scheduling is in them too. */
const RTT_TOLERANCE_MS = 10;
const RTT_TOLERANCE = 0.2;

/** What an open and a new connection saw of each fault, on the links that have a witness. */
export function measureExperiences(frame: Frame): readonly SeenExperience[] {
  return frame.plan.phases
    .flatMap(({ faults }) => faults)
    .flatMap((fault) => {
      const { experience } = fault;
      const window = inForce(frame, fault);
      if (experience === null || window === null) return [];
      return frame.plan.witnesses
        .filter(({ link }) => fault.targets.links.includes(link))
        .map(({ link }) => seenOn(frame, fault, experience, link, window));
    });
}

/** From applied to reverting; `null`: it never was. */
export function inForce(frame: Frame, fault: PlanFault): Window | null {
  const records = frame.history.of('fault').filter((one) => one.id === fault.id);
  const applied = records.find((one) => one.state === 'applied');
  const reverting = records.find((one) => one.state === 'reverting');
  return applied === undefined ? null : { startT: applied.t, endT: reverting?.t ?? frame.measured.endT };
}

function seenOn(frame: Frame, fault: PlanFault, asked: Experience, link: string, window: Window): SeenExperience {
  const records = frame.history.of('witness').filter((one) => one.link === link);
  const settled = { startT: window.startT + SETTLE_MS, endT: window.endT };
  // A new connection is judged a second after it began at the latest, so it must begin a second before the end.
  const judged = { startT: settled.startT, endT: window.endT - 1000 };
  const pings = records.flatMap((one) => one.pings).filter(([sent]) => inside(settled, sent));
  const answeredMeanwhile = pings.filter(([sent, rtt]) => rtt !== null && sent + rtt < window.endT);
  const tried = records.flatMap((one) => one.tried).filter(([began]) => inside(judged, began));
  const closed = records.flatMap((one) => one.closed).some(([t]) => t >= window.startT - 50 && t < window.endT);
  const before = medianRtt(records, { startT: window.startT - 5_000, endT: window.startT - SETTLE_MS });
  const meanwhile = medianRtt(records, settled);
  const addedRttMs = before === null || meanwhile === null ? null : round(meanwhile - before, 3);
  const seenOpen: SeenExperience['seenOpen'] = closed ? 'closed' : seenByPings(pings.length, answeredMeanwhile.length);
  const seenFresh = seenByTried(tried);
  const others = overlapping(frame, fault, link, window);
  const told = { others, seenOpen, seenFresh, addedRttMs };
  const { holds, reason } = judge(asked, told);
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
  };
}

function judge(
  asked: Experience,
  seen: {
    readonly others: readonly string[];
    readonly seenOpen: SeenExperience['seenOpen'];
    readonly seenFresh: SeenExperience['seenFresh'];
    readonly addedRttMs: number | null;
  },
): { holds: boolean | null; reason: string | null } {
  if (seen.others.length > 0)
    return { holds: null, reason: `${seen.others.join(', ')} was on the link at the same time` };
  if (seen.seenOpen === null && seen.seenFresh === null) return { holds: null, reason: 'in force too shortly to tell' };
  if (seen.seenOpen !== null && seen.seenOpen !== asked.open) return { holds: false, reason: null };
  if (seen.seenFresh !== null && seen.seenFresh !== asked.fresh) return { holds: false, reason: null };
  if (asked.addedRttMs > 0) {
    const least = asked.addedRttMs * (1 - RTT_TOLERANCE);
    const most = asked.addedRttMs * (1 + RTT_TOLERANCE) + RTT_TOLERANCE_MS;
    const added = seen.addedRttMs;
    return { holds: added === null ? null : added >= least && added <= most, reason: null };
  }
  return { holds: true, reason: null };
}

/** Other faults that touched the same link, or an end of it, while this one was in force. */
function overlapping(frame: Frame, fault: PlanFault, id: string, window: Window): string[] {
  const link = frame.plan.links.find((one) => one.id === id);
  return frame.plan.phases
    .flatMap(({ faults }) => faults)
    .filter((other) => {
      if (other.id === fault.id) return false;
      const during = inForce(frame, other);
      if (during === null || during.startT >= window.endT || during.endT <= window.startT) return false;
      const { links, routers, containers } = other.targets;
      const ends = link === undefined ? [] : [link.source, link.destination];
      const isOnRouter = links.length === 0 && link !== undefined && routers.includes(link.router);
      return links.includes(id) || isOnRouter || containers.some((one) => ends.includes(one));
    })
    .map((other) => other.id);
}

const inside = (window: Window, t: number): boolean => t >= window.startT && t < window.endT;

function medianRtt(records: readonly WitnessRecord[], window: Window): number | null {
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
