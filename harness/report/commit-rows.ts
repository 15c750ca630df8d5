import type { DatabaseCommits } from '../measure/database-commits.ts';
import type { Operations } from '../measure/operations.ts';
import { count, integer, milliseconds, percent } from './numbers.ts';
import type { Row } from './section.ts';

/** Problems that are named; the numbers count all. */
const NAMED_MAX = 5;

/** Of the whole record, which is the first of the periods; nothing where no transaction was due. */
export function transactionRows(label: string, [overall]: readonly Operations[]): readonly Row[] {
  if (overall === undefined || overall.availability === null) return [];
  const { availability, ok, offered, latency } = overall;
  const p50 = milliseconds(latency.p50Ms, latency.p50AtLeast);
  const p99 = milliseconds(latency.p99Ms, latency.p99AtLeast);
  return [[label, `${percent(availability)}, ${integer(ok)} of ${integer(offered)}; p50 ${p50}, p99 ${p99}`]];
}

/** What was acknowledged and what of it was found, with the first problems by name. */
export function commitRows(label: string, commits: DatabaseCommits): readonly Row[] {
  const { acknowledged, verified, lost, unverified, unexpected = 0, forgotten = 0, problems } = commits;
  const more = (number: number, what: string) => (number === 0 ? '' : `, ${integer(number)} ${what}`);
  return [
    [
      label,
      `${count(acknowledged, 'commit')} acknowledged: ${integer(verified)} verified, ${lost} lost, ${unverified} unverified` +
        more(unexpected, 'that nobody had begun') +
        more(forgotten, 'forgotten by their ledger'),
    ],
    ...problems.slice(0, NAMED_MAX).map(({ database, copy, kind, detail }): Row => {
      return [kind, `${database}${copy === null ? '' : `, by its ${copy}`}: ${detail}`];
    }),
  ];
}
