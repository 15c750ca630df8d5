import { count, integer, milliseconds, percent, seconds } from './numbers.ts';
import type { Result } from './result-schema.ts';
import type { Row } from './section.ts';

/** Databases with a standby: who failed over, who did not and why, for how long nothing was committed, what was lost. */
export function multiZoneRows(multiZone: Result['multiZone']): readonly Row[] {
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
  ];
  const [overall] = multiZone.periods;
  if (overall !== undefined && overall.availability !== null) {
    const { availability, ok, offered, latency } = overall;
    const p50 = milliseconds(latency.p50Ms, latency.p50AtLeast);
    const p99 = milliseconds(latency.p99Ms, latency.p99AtLeast);
    rows.push([
      'transactions in time',
      `${percent(availability)}, ${integer(ok)} of ${integer(offered)}; p50 ${p50}, p99 ${p99}`,
    ]);
  }
  return [...rows, ...commitRows('commits', multiZone.commits), ...commitRows('on standbys', multiZone.standbyCommits)];
}

function fateOf(pair: Result['multiZone']['pairs'][number]): string {
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

function commitRows(label: string, commits: Result['multiZone']['commits']): Row[] {
  const { acknowledged, verified, lost, unverified, problems } = commits;
  return [
    [
      label,
      `${count(acknowledged, 'commit')} acknowledged: ${integer(verified)} verified, ${lost} lost, ${unverified} unverified`,
    ],
    ...problems.slice(0, 5).map(({ database, copy, kind, detail }): Row => {
      return [kind, `${database}${copy === null ? '' : `, by its ${copy}`}: ${detail}`];
    }),
  ];
}
