import { z } from 'zod';
import type { MultiZoneEvent, MultiZoneLedger } from '../history/records.ts';
import type { PlanMultiZoneDatabase } from '../scenario/plan.ts';
import { compareCommits, databaseCommitsSchema, toldAsCommitted } from './database-commits.ts';
import { atSeconds, type Frame, within } from './frame.ts';
import { type Operation, operationsSchema, summarise } from './operations.ts';
import { toSeconds } from './rounding.ts';
import { type Interval, mergeIntervals } from './step-count.ts';

const nullableSeconds = z.number().nullable();

const pairSchema = z.strictObject({
  database: z.string(),
  primary: z.string().describe('Container of the primary at the start'),
  standby: z.string(),
  outcome: z
    .enum(['failed over', 'not failed over', 'under way', 'unaffected'])
    .describe('`unaffected`: its primary was never in trouble for long enough. `under way` when the record ends'),
  reason: z.string().nullable().describe('Why the agent refused, the last time that it did'),
  parted: z.boolean().describe('The primary found itself parted from the standby'),
  wentAlone: z.boolean(),
  troubleAtSeconds: nullableSeconds.describe('The agent found that the primary’s I/O hangs, or that it is silent'),
  promotedAtSeconds: nullableSeconds,
  recoveredAtSeconds: nullableSeconds.describe('The primary’s I/O came back without a failover'),
  longestOutageSeconds: z
    .number()
    .describe('From when a transaction was due that was not committed in its limit, until one was again'),
  outageSeconds: z.number().describe('All of them together, from the trigger’s begin on'),
  isDualPrimary: z.boolean().describe('Two instances acknowledged in one epoch, or at the same time'),
});
export type MultiZonePair = z.infer<typeof pairSchema>;

export const multiZoneSchema = z.strictObject({
  pairs: z.array(pairSchema).describe('Empty where a plan has no multi-zone databases'),
  failedOver: z.number(),
  notFailedOver: z.number(),
  underWay: z.number(),
  unaffected: z.number(),
  parted: z.number(),
  wentAlone: z.number(),
  dualPrimaries: z.number(),
  pairsUnverified: z
    .number()
    .optional()
    .describe(
      'Pairs of which not everything is known that their instances acknowledged: a ledger is missing or forgot',
    ),
  longestOutageSeconds: nullableSeconds,
  commits: databaseCommitsSchema.describe(
    'Acknowledged to clients, against the database of whoever is primary at the end',
  ),
  standbyCommits: databaseCommitsSchema.describe(
    'The same against the standbys of pairs that were synchronous at the end',
  ),
  periods: z.array(operationsSchema).describe('Transactions; ok: committed within the time limit'),
  events: z.array(
    z.strictObject({
      atSeconds: z.number(),
      database: z.string(),
      who: z.string(),
      event: z.string(),
      reason: z.string().nullable(),
    }),
  ),
});
export type MultiZone = z.infer<typeof multiZoneSchema>;

export interface Transaction extends Operation {
  readonly database: string;
}

/** Databases with a standby: what became of each, what was lost by it, and whether two ever served. */
export function measureMultiZone(frame: Frame): MultiZone {
  const { plan, history, measured } = frame;
  const transactions = transactionsOf(frame);
  const ledgers = new Map(history.of('multiZone.ledger').map((record) => [record.database, record]));
  const events = history.of('multiZone.event');
  const pairs = plan.multiZoneDatabases.map((pair) =>
    pairOf(
      frame,
      pair,
      events.filter(({ database, t }) => database === pair.id && within(measured, t)),
      transactions.filter(({ database }) => database === pair.id),
      ledgers.get(pair.id),
    ),
  );
  const count = (is: (pair: MultiZonePair) => boolean): number => pairs.filter(is).length;
  const contents = Map.groupBy(history.of('database.content'), ({ database }) => database);
  const told = toldAsCommitted(history.of('multiZone').flatMap((record) => record.transactions));
  const against = (pair: string, instance: 'primary' | 'standby') => ({
    id: `${pair}/${instance}`,
    ledger: ledgers.get(pair),
    copies: contents.get(`${pair}/${instance}`) ?? [],
    told: told.get(pair) ?? 0,
  });
  const promoted = new Set(events.filter(({ event }) => event === 'promoted').map(({ database }) => database));
  const ids = pairs.map(({ database }) => database);
  return {
    pairs,
    failedOver: count(({ outcome }) => outcome === 'failed over'),
    notFailedOver: count(({ outcome }) => outcome === 'not failed over'),
    underWay: count(({ outcome }) => outcome === 'under way'),
    unaffected: count(({ outcome }) => outcome === 'unaffected'),
    parted: count(({ parted }) => parted),
    wentAlone: count(({ wentAlone }) => wentAlone),
    dualPrimaries: count(({ isDualPrimary }) => isDualPrimary),
    pairsUnverified: ids.filter((id) => servedOf(ledgers.get(id)) < (told.get(id) ?? 0) || !ledgers.has(id)).length,
    longestOutageSeconds:
      pairs.length === 0 ? null : Math.max(...pairs.map(({ longestOutageSeconds }) => longestOutageSeconds)),
    commits: compareCommits(ids.map((id) => against(id, promoted.has(id) ? 'standby' : 'primary'))),
    standbyCommits: compareCommits(
      ids.filter((id) => isSynchronousAtEnd(events, id)).map((id) => against(id, 'standby')),
    ),
    periods: pairs.length === 0 ? [] : [...summarise(frame, transactions)],
    events: events
      .filter(({ t }) => within(measured, t))
      .map(({ t, database, source, event, reason }) => {
        return { atSeconds: atSeconds(frame, t), database, who: source, event, reason };
      }),
  };
}

export function transactionsOf({ history }: Frame): readonly Transaction[] {
  const over = history.of('multiZone').flatMap(({ transactions, t }) =>
    transactions.map(([database, intended, ended, outcome, reason]): Transaction => {
      return { database, intended, ended, seenUntilT: t, outcome, reason };
    }),
  );
  const never = history.of('multiZone.unfinished').flatMap(({ transactions, t }) =>
    transactions.map(([database, intended]): Transaction => {
      return { database, intended, ended: null, seenUntilT: t, outcome: 'unfinished', reason: null };
    }),
  );
  return [...over, ...never];
}

function pairOf(
  frame: Frame,
  { id, primary, standby }: PlanMultiZoneDatabase,
  events: readonly MultiZoneEvent[],
  transactions: readonly Transaction[],
  ledger: MultiZoneLedger | undefined,
): MultiZonePair {
  const first = (event: MultiZoneEvent['event']): number | null => {
    const found = events.find((record) => record.event === event);
    return found === undefined ? null : atSeconds(frame, found.t);
  };
  const has = (event: MultiZoneEvent['event']): boolean => events.some((record) => record.event === event);
  const outages = outagesOf(frame, transactions).map(({ startT, endT }) => endT - startT);
  return {
    database: id,
    primary: primary.container,
    standby: standby.container,
    outcome: has('promoted')
      ? 'failed over'
      : has('refused')
        ? 'not failed over'
        : has('hung')
          ? 'under way'
          : 'unaffected',
    reason: events.findLast(({ event }) => event === 'refused')?.reason ?? null,
    parted: has('parted'),
    wentAlone: has('alone'),
    troubleAtSeconds: first('hung'),
    promotedAtSeconds: first('promoted'),
    recoveredAtSeconds: first('recovered'),
    longestOutageSeconds: toSeconds(Math.max(0, ...outages)),
    outageSeconds: toSeconds(outages.reduce((sum, ms) => sum + ms, 0)),
    isDualPrimary: ledger !== undefined && isDual(ledger.served),
  };
}

/** As those see it who ask; what is open when the record ends lasts until then. */
function outagesOf({ plan, touchedT, measured }: Frame, transactions: readonly Transaction[]): readonly Interval[] {
  const limitMs = plan.load.databaseTimeoutMs;
  const late = transactions
    .filter(({ outcome, intended, seenUntilT }) =>
      outcome === 'unfinished' ? seenUntilT - intended > limitMs : outcome !== 'ok',
    )
    .map(({ intended, ended }): Interval => {
      return { startT: Math.max(intended, touchedT), endT: Math.min(ended ?? measured.endT, measured.endT) };
    })
    .filter(({ startT, endT }) => endT > startT);
  return mergeIntervals(late);
}

/** Whether acknowledgements of two instances are of one epoch, or overlap in time. */
export function isDual(served: MultiZoneLedger['served']): boolean {
  return served.some((one, i) =>
    served
      .slice(i + 1)
      .some(
        (other) =>
          other.instance !== one.instance &&
          (other.epoch === one.epoch || (one.firstT <= other.lastT && other.firstT <= one.lastT)),
      ),
  );
}

const servedOf = (ledger: MultiZoneLedger | undefined): number =>
  (ledger?.served ?? []).reduce((sum, { count }) => sum + count, 0);

/** By what the primary told last; one that the agent has replaced has no standby. */
function isSynchronousAtEnd(events: readonly MultiZoneEvent[], id: string): boolean {
  const own = events.filter(({ database }) => database === id);
  if (own.some(({ event }) => event === 'promoted' || event === 'fencing')) return false;
  return own.findLast(({ event }) => ['parted', 'alone', 'rejoined'].includes(event))?.event === 'rejoined';
}
