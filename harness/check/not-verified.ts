import type { DatabaseCommits } from '../measure/database-commits.ts';
import type { Ledger } from '../measure/ledger.ts';
import type { MultiZone } from '../measure/multi-zone.ts';
import type { Reading } from '../measure/reading.ts';

/** Why it is not known of every acknowledged block write whether it is on the disks; empty where it is. */
export function notVerifiedOf(ledger: Ledger): readonly string[] {
  const { extentsAcknowledged, extentsUnverified, volumesWithoutLedger, writesForgotten = 0, reason, reading } = ledger;
  const problem = reading?.problem ?? null;
  const first = ledger.problems.find(({ kind }) => kind === 'unverified');
  const such = first === undefined ? '' : `, such as of ${first.volume}: ${first.detail}`;
  return [
    ...(reason === null ? [] : [reason]),
    ...(problem === null ? [] : [problem]),
    ...(extentsUnverified === 0
      ? []
      : [`${extentsUnverified} of ${extentsAcknowledged} extents are not verified${such}`]),
    ...(volumesWithoutLedger === 0 ? [] : [`volumes without a ledger of their writer: ${volumesWithoutLedger}`]),
    ...(writesForgotten === 0 ? [] : [`acknowledged writes that their writer has forgotten: ${writesForgotten}`]),
  ];
}

/** The same of the commits of databases. */
export function notVerifiedOfCommits(commits: DatabaseCommits, reading: Reading | null | undefined): readonly string[] {
  const { acknowledged, unverified, forgotten = 0, databasesUnread = 0 } = commits;
  const problem = reading?.problem ?? null;
  const first = commits.problems.find(({ kind }) => kind === 'unverified');
  const such = first === undefined ? '' : `, such as ${first.database}: ${first.detail}`;
  return [
    ...(problem === null ? [] : [problem]),
    ...(databasesUnread === 0 && unverified === 0
      ? []
      : [`${databasesUnread} databases and ${unverified} of ${acknowledged} commits are not verified${such}`]),
    ...(forgotten === 0 ? [] : [`commits that a ledger has forgotten: ${forgotten}`]),
  ];
}

/** Why it is not known of every multi-zone database who acknowledged. */
export function notVerifiedOfPrimaries({ pairs, pairsUnverified = 0 }: MultiZone): readonly string[] {
  return pairsUnverified === 0
    ? []
    : [
        `of ${pairsUnverified} of ${pairs.length} multi-zone databases the clients left no whole ledger of who served them`,
      ];
}
