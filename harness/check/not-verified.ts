import type { Ledger } from '../measure/ledger.ts';

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
