import { z } from 'zod';
import type { DatabaseContentRecord, DatabaseLedger, DatabasesRecord } from '../history/records.ts';
import type { Frame } from './frame.ts';

/** How many problems are listed; the counts are always complete. */
const LISTED = 20;

const problemSchema = z.strictObject({
  database: z.string(),
  copy: z.enum(['primaries', 'mirrors']).nullable(),
  kind: z.enum(['lost', 'damaged', 'unexpected', 'unverified']),
  detail: z.string(),
});
type CommitProblem = z.infer<typeof problemSchema>;

export const databaseCommitsSchema = z.strictObject({
  acknowledged: z.number().describe('Transactions whose commit a database had told of, all zones'),
  verified: z.number().describe('Of these, in the database by its volumes’ primaries and by their mirrors'),
  lost: z.number().describe('Missing in at least one of the two, or in one that SQLite’s check finds damaged'),
  unverified: z.number().describe('Of databases that could not be read: never counted as there'),
  unexpected: z.number().optional().describe('Transactions in a database that nobody had begun'),
  forgotten: z.number().optional().describe('Told as committed when they ended, and in no ledger'),
  databasesUnread: z.number().optional().describe('Databases without a ledger, or of which not both copies were read'),
  problems: z.array(problemSchema).describe(`The first ${LISTED}, losses before unverified ones`),
});
export type DatabaseCommits = z.infer<typeof databaseCommitsSchema>;

type Ranges = readonly (readonly [number, number])[];

/**
 * Compares the commits that databases told of with what SQLite finds in them after the measurement, once by the
 * primaries of all their volumes and once by their confirmed mirrors. A database that printed no ledger counts as one
 * problem, without a number of commits.
 */
export function measureCommits({ plan, history }: Frame): DatabaseCommits {
  const ledgers = new Map(history.of('database.ledger').map((record) => [record.database, record]));
  const contents = Map.groupBy(history.of('database.content'), (record) => record.database);
  const told = toldAsCommitted(history.of('databases').flatMap(({ transactions }) => transactions));
  return compareCommits(
    plan.databases.map(({ id }) => {
      return { id, ledger: ledgers.get(id), copies: contents.get(id) ?? [], told: told.get(id) ?? 0 };
    }),
  );
}

/** Database -> transactions that were told as committed when they ended, in time or late. */
export function toldAsCommitted(transactions: DatabasesRecord['transactions']): ReadonlyMap<string, number> {
  const told = new Map<string, number>();
  for (const [database, , , outcome, reason] of transactions) {
    if (outcome === 'ok' || reason === 'late') told.set(database, (told.get(database) ?? 0) + 1);
  }
  return told;
}

/** A database, what was told of its commits, and what it holds by both replicas of its volumes. */
export interface ComparedDatabase {
  readonly id: string;
  readonly ledger: Pick<DatabaseLedger, 'acknowledged' | 'lastBegun' | 'begun'> | undefined;
  readonly copies: readonly DatabaseContentRecord[];
  /** How many transactions were told as committed when they ended: a ledger with fewer has forgotten some. */
  readonly told: number;
}

export function compareCommits(databases: readonly ComparedDatabase[]): DatabaseCommits {
  const counts = {
    acknowledged: 0,
    verified: 0,
    lost: 0,
    unverified: 0,
    unexpected: 0,
    forgotten: 0,
    databasesUnread: 0,
  };
  const problems: CommitProblem[] = [];
  for (const { id, ledger, copies, told } of databases) {
    if (ledger === undefined) {
      counts.databasesUnread += 1;
      problems.push({ database: id, copy: null, kind: 'unverified', detail: 'it printed no ledger' });
      continue;
    }
    const acknowledged = countOf(ledger.acknowledged);
    counts.acknowledged += acknowledged;
    const forgotten = Math.max(0, told - acknowledged);
    counts.forgotten += forgotten;
    const found = copies.map((copy) => judge(ledger, copy, forgotten));
    problems.push(...found.flatMap((one) => one.problems));
    const missing = Math.max(0, ...found.map((one) => one.missing));
    counts.lost += missing;
    // Of a forgetful ledger nobody knows what it had begun.
    if (forgotten === 0) counts.unexpected += Math.max(0, ...found.map((one) => one.unexpected));
    if (new Set(copies.map(({ copy }) => copy)).size < 2) {
      counts.unverified += acknowledged - missing;
      counts.databasesUnread += 1;
      problems.push({ database: id, copy: null, kind: 'unverified', detail: 'not all copies could be read' });
    } else counts.verified += acknowledged - missing;
  }
  const rank = ({ kind }: CommitProblem) => (kind === 'unverified' ? 1 : 0);
  return { ...counts, problems: problems.toSorted((a, b) => rank(a) - rank(b)).slice(0, LISTED) };
}

/** What one copy lacks; in a damaged one nothing counts as there. */
function judge(
  { acknowledged, lastBegun, begun }: Pick<DatabaseLedger, 'acknowledged' | 'lastBegun' | 'begun'>,
  { database, copy, transfers, problem }: DatabaseContentRecord,
  forgotten: number,
): { readonly missing: number; readonly unexpected: number; readonly problems: readonly CommitProblem[] } {
  const told = countOf(acknowledged);
  if (problem !== null) {
    return { missing: told, unexpected: 0, problems: [{ database, copy, kind: 'damaged', detail: problem }] };
  }
  const problems: CommitProblem[] = [];
  const missing = told - countInBoth(acknowledged, transfers);
  if (missing > 0) problems.push({ database, copy, kind: 'lost', detail: `${missing} of ${told} are missing` });
  // One that was begun and never acknowledged may be there or not.
  const sent: Ranges = begun ?? (lastBegun === 0 ? [] : [[1, lastBegun]]);
  const unexpected = countOf(transfers) - countInBoth(transfers, sent);
  if (unexpected > 0) {
    const last = transfers.at(-1)?.[1] ?? 0;
    const detail = `${unexpected} that nobody had begun, up to ${last}; ${lastBegun} was the last`;
    problems.push(
      forgotten === 0
        ? { database, copy, kind: 'unexpected', detail }
        : { database, copy, kind: 'unverified', detail: `${detail} that its ledger has not forgotten` },
    );
  }
  return { missing, unexpected, problems };
}

const countOf = (ranges: Ranges): number => ranges.reduce((sum, [first, last]) => sum + last - first + 1, 0);

/** Ranges of each list do not overlap. */
function countInBoth(some: Ranges, others: Ranges): number {
  let count = 0;
  for (const [first, last] of some) {
    for (const [start, end] of others) count += Math.max(0, Math.min(last, end) - Math.max(first, start) + 1);
  }
  return count;
}
