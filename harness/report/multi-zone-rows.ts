import type { MultiZone, MultiZonePair } from '../measure/multi-zone.ts';
import { commitRows, transactionRows } from './commit-rows.ts';
import { seconds } from './numbers.ts';
import type { Row } from './section.ts';

/** Databases with a standby: who failed over, who did not and why, for how long nothing was committed, what was lost. */
export function multiZoneRows(multiZone: MultiZone): readonly Row[] {
  const { pairs, failedOver, notFailedOver, underWay, unaffected, parted, wentAlone, dualPrimaries } = multiZone;
  const rows: Row[] = [
    [
      'failover',
      `${failedOver} of ${pairs.length} failed over, ${notFailedOver} did not, ` +
        `${underWay === 0 ? '' : `${underWay} under way, `}${unaffected} not affected`,
    ],
    ['parted from the standby', `${parted}; ${wentAlone} went on alone`],
    ['two primaries', `${dualPrimaries}`],
    ...pairs.map((pair): Row => [pair.database, fateOf(pair)]),
    ...transactionRows('transactions in time', multiZone.periods),
  ];
  return [...rows, ...commitRows('commits', multiZone.commits), ...commitRows('on standbys', multiZone.standbyCommits)];
}

function fateOf(pair: MultiZonePair): string {
  const { outcome, reason, parted, wentAlone, longestOutageSeconds } = pair;
  const { troubleAtSeconds, promotedAtSeconds, recoveredAtSeconds } = pair;
  const before = wentAlone ? ', alone for a time' : parted ? ', parted for a time' : '';
  const outage = longestOutageSeconds === 0 ? '' : `; no commits for ${seconds(longestOutageSeconds)}`;
  const trouble = troubleAtSeconds === null ? '' : `in trouble from ${seconds(troubleAtSeconds)} on, `;
  if (outcome === 'unaffected') return `not affected${before}${outage}`;
  if (outcome === 'failed over') return `${trouble}standby promoted at ${seconds(promotedAtSeconds ?? 0)}${outage}`;
  if (outcome === 'under way') return `${trouble}failing over when the record ends${outage}`;
  const back = recoveredAtSeconds === null ? '' : `, its primary was back at ${seconds(recoveredAtSeconds)}`;
  return `${trouble}not safe to promote: ${reason ?? ''}${back}${outage}`;
}
