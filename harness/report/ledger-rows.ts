import { count, seconds } from './numbers.ts';
import type { Result } from './result-schema.ts';
import type { Row } from './section.ts';

/** What was acknowledged, and what of it was found on the disks and in reads. */
export function ledgerRows({ ledger }: Pick<Result, 'ledger'>): readonly Row[] {
  if (ledger.reason !== null) return [['not verified', ledger.reason], ...misreadRows(ledger.misreads)];
  const {
    extentsVerified,
    extentsSalvageable,
    extentsLost,
    extentsUnverified,
    volumesWithoutLedger,
    writesForgotten = 0,
  } = ledger;
  const rolledBack = ledger.extentsRolledBack === 0 ? '' : `, ${ledger.extentsRolledBack} rolled back to a snapshot`;
  const salvageable = extentsSalvageable === 0 ? '' : `, ${extentsSalvageable} on crashed nodes only`;
  const without =
    (volumesWithoutLedger === 0 ? '' : `, and ${count(volumesWithoutLedger, 'volume')} without a ledger`) +
    (writesForgotten === 0 ? '' : `, ${count(writesForgotten, 'write')} forgotten by their ledger`);
  return [
    ['acknowledged', count(ledger.acknowledgedWrites, 'write')],
    [
      'on disk',
      `${count(extentsVerified, 'extent')} verified${salvageable}${rolledBack}, ${extentsLost} lost, ${extentsUnverified} unverified${without}`,
    ],
    ...misreadRows(ledger.misreads),
    ...readingRows(ledger.reading),
    ...ledger.problems
      .slice(0, 5)
      .map(
        ({ volume, node, extent, kind, detail }): Row => [
          kind,
          `${volume} on ${node ?? 'no node'}${extent === null ? '' : `, extent ${extent}`}: ${detail}`,
        ],
      ),
  ];
}

function misreadRows(misreads: Result['ledger']['misreads']): readonly Row[] {
  if (misreads === undefined) return [];
  const { reads, answers, rolledBack, first } = misreads;
  const such = first.map(({ of, atSeconds }) => `${of} at ${seconds(atSeconds)}`).join(', ');
  const excused = rolledBack === 0 ? '' : `, and ${rolledBack} after a restoration`;
  return [
    [
      'misread',
      `${count(reads, 'block read')} and ${count(answers, 'answer')} of applications${excused}${such === '' ? '' : `: ${such}`}`,
    ],
  ];
}

function readingRows(reading: Result['ledger']['reading']): readonly Row[] {
  if (reading === null || reading === undefined) return [];
  const { disks, disksRead, problem } = reading;
  return [['disks read', problem ?? `${disksRead} of ${disks}`]];
}
