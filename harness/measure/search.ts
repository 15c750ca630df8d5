import { z } from 'zod';
import type { NodeRecord } from '../history/records.ts';
import { bins } from './bins.ts';
import { countersOf, sumIn } from './counter.ts';
import type { Frame, Window } from './frame.ts';
import type { Loss } from './loss.ts';
import { round, toShare } from './rounding.ts';

export const searchSchema = z.strictObject({
  attempts: z.number().describe('Search attempts from the trigger’s begin to the end of the measurement'),
  attemptsBefore: z.number().describe('Attempts before the trigger'),
  peakPerSecond: z.number().nullable().describe('Most attempts in one second'),
  answered: z.number(),
  refused: z.number(),
  failed: z.number().describe('Not answered: timed out, or the connection broke'),
  refusedShare: z.number().nullable().describe('Refused attempts ÷ attempts'),
  amplification: z.number().nullable().describe('Attempts ÷ D: attempts for each volume that needed a home'),
  amplificationReason: z.string().nullable(),
  longestAnswerQueueMs: z.number().describe('Longest wait in a node’s serial queue of answers'),
});
export type Search = z.infer<typeof searchSchema>;

/** The search for room: how often nodes asked their peers, and how often in vain. */
export function measureSearch(frame: Frame, loss: Loss): Search {
  const window = { startT: frame.touchedT, endT: frame.measured.endT };
  const records = nodeRecords(frame);
  const total = (value: (record: NodeRecord) => number) =>
    Math.round(sumIn(countersOf(records, value).values(), window));
  const attempts = total((record) => record.searchAttempts);
  const refused = total((record) => record.searchRefused);
  const counters = [...countersOf(records, (record) => record.searchAttempts).values()];
  const perSecond = bins(window, frame.zeroT, 1000).map((bin) => sumIn(counters, bin));
  const lost = loss.volumesLosingPartner;
  return {
    attempts,
    attemptsBefore: Math.round(sumIn(counters, { startT: frame.measured.startT, endT: frame.touchedT })),
    peakPerSecond: perSecond.length === 0 ? null : Math.round(Math.max(...perSecond)),
    answered: total((record) => record.searchAnswered),
    refused,
    failed: total((record) => record.searchFailed),
    refusedShare: attempts === 0 ? null : toShare(refused / attempts),
    amplification: lost === 0 ? null : round(attempts / lost, 2),
    amplificationReason: lost === 0 ? 'no volume lost its partner' : null,
    longestAnswerQueueMs: round(
      [...records.values()].flat().reduce((max, record) => Math.max(max, record.searchQueueMaxMs), 0),
      1,
    ),
  };
}

/** Attempts per second in each bin. */
export function searchRates(frame: Frame, windows: readonly Window[]): readonly number[] {
  const counters = [...countersOf(nodeRecords(frame), (record) => record.searchAttempts).values()];
  return windows.map((bin) => round((sumIn(counters, bin) * 1000) / (bin.endT - bin.startT), 1));
}

/** The stats records of the zone's nodes, a list for each node; those that have joined are among them. */
export function nodeRecords(frame: Frame): ReadonlyMap<string, readonly NodeRecord[]> {
  const ids = new Set([...frame.nodes, ...frame.spares].map((node) => node.id));
  return new Map([...frame.history.bySource('node')].filter(([source]) => ids.has(source)));
}
