import { z } from 'zod';
import type { DatabaseContentRecord, DatabaseLedger } from '../history/records.ts';
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
  return compareCommits(
    plan.databases.map(({ id }) => ({ id, ledger: ledgers.get(id), copies: contents.get(id) ?? [] })),
  );
}

/** A database, what was told of its commits, and what it holds by both replicas of its volumes. */
export interface ComparedDatabase {
  readonly id: string;
  readonly ledger: Pick<DatabaseLedger, 'acknowledged' | 'lastBegun'> | undefined;
  readonly copies: readonly DatabaseContentRecord[];
}

export function compareCommits(databases: readonly ComparedDatabase[]): DatabaseCommits {
  const counts = { acknowledged: 0, verified: 0, lost: 0, unverified: 0 };
  const problems: CommitProblem[] = [];
  for (const { id, ledger, copies } of databases) {
    if (ledger === undefined) {
      problems.push({ database: id, copy: null, kind: 'unverified', detail: 'it printed no ledger' });
      continue;
    }
    const acknowledged = countOf(ledger.acknowledged);
    counts.acknowledged += acknowledged;
    const found = copies.map((copy) => judge(ledger, copy));
    problems.push(...found.flatMap((one) => one.problems));
    const missing = Math.max(0, ...found.map((one) => one.missing));
    counts.lost += missing;
    if (copies.length < 2) {
      counts.unverified += acknowledged - missing;
      problems.push({ database: id, copy: null, kind: 'unverified', detail: 'not all copies could be read' });
    } else counts.verified += acknowledged - missing;
  }
  const rank = ({ kind }: CommitProblem) => (kind === 'unverified' ? 1 : 0);
  return { ...counts, problems: problems.toSorted((a, b) => rank(a) - rank(b)).slice(0, LISTED) };
}

/** What one copy lacks; in a damaged one nothing counts as there. */
function judge(
  { acknowledged, lastBegun }: Pick<DatabaseLedger, 'acknowledged' | 'lastBegun'>,
  { database, copy, transfers, problem }: DatabaseContentRecord,
): { readonly missing: number; readonly problems: readonly CommitProblem[] } {
  const told = countOf(acknowledged);
  if (problem !== null) return { missing: told, problems: [{ database, copy, kind: 'damaged', detail: problem }] };
  const problems: CommitProblem[] = [];
  const missing = told - countInBoth(acknowledged, transfers);
  if (missing > 0) problems.push({ database, copy, kind: 'lost', detail: `${missing} of ${told} are missing` });
  const last = transfers.at(-1)?.[1] ?? 0;
  if (last > lastBegun) {
    problems.push({ database, copy, kind: 'unexpected', detail: `transfer ${last}, and ${lastBegun} was the last` });
  }
  return { missing, problems };
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
