import { count, integer, percentOr, seconds } from './numbers.ts';
import type { Result } from './result-schema.ts';
import type { Row } from './section.ts';

/** Most crashes that are named. */
const NAMED_MAX = 6;

/** The race of closes: how near the nodes came to it, who lost it, and what that took. */
export function crashRows({ crashes, ledger }: Pick<Result, 'crashes' | 'ledger'>): readonly Row[] {
  const { closesPeak, racyCloses, racyShare, nodesCrashed, volumesDegraded } = crashes;
  const closed: Row = [
    'search connections closed at once',
    `at most ${closesPeak} on one node; ${integer(racyCloses)} closes racy, ${percentOr(racyShare)} of the attempts`,
  ];
  if (nodesCrashed === 0) return [closed, ['nodes crashed', '0']];
  const named = crashes.crashes.slice(0, NAMED_MAX).map(({ node, atSeconds }) => `${node} at ${seconds(atSeconds)}`);
  const more = nodesCrashed > NAMED_MAX ? ', …' : '';
  return [
    closed,
    ['nodes crashed', `${nodesCrashed}: ${named.join(', ')}${more}`],
    ['replicas lost to crashes', `of ${count(volumesDegraded, 'volume')}`],
    ['slots in quarantine', `at most ${crashes.peakQuarantinedSlots}`],
    [
      'unrecoverable while they are down',
      `${count(crashes.volumesUnrecoverable, 'volume')}; ${count(ledger.extentsSalvageable, 'extent')} salvageable`,
    ],
  ];
}
