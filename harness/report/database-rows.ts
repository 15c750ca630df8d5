import { count, integer, milliseconds, percent, percentOr } from './numbers.ts';
import type { Result } from './result-schema.ts';
import type { Row } from './section.ts';

/** Most losses that are named. */
const NAMED_MAX = 5;

/** Single-zone databases: how many are affected, beside what the stuck volumes foretell, and what became of commits. */
export function databaseRows({ zones, commits }: Result['databases']): readonly Row[] {
  return [...zones.flatMap(zoneRows), ...commitRows(commits)];
}

function zoneRows(zone: Result['databases']['zones'][number]): readonly Row[] {
  const { databases, volumesEach, at10s, volumes, predictedShareAt10s, peakAffected, peakWithStuckVolume } = zone;
  const rows: Row[] = [];
  const of = (part: number) => `${part} of ${databases}`;
  if (at10s === null) rows.push([`${zone.zone}: affected 10 s after the trigger`, `– (${zone.at10sReason ?? ''})`]);
  else {
    const interval = `${((zone.affectedLow95At10s ?? 0) * 100).toFixed(1)}–${((zone.affectedHigh95At10s ?? 0) * 100).toFixed(1)}`;
    rows.push(
      [
        `${zone.zone}: affected 10 s after the trigger`,
        `${percentOr(zone.affectedShareAt10s)} (${interval}), ${of(at10s.affected)}; ${of(at10s.withStuckVolume)} have a stuck volume`,
      ],
      [
        `${zone.zone}: foretold, 1 − (1 − p)^${volumesEach}`,
        `${percentOr(predictedShareAt10s)}, p = ${at10s.stuckVolumes} of ${volumes} volumes`,
      ],
    );
  }
  rows.push([
    `${zone.zone}: affected at most`,
    `${percentOr(zone.peakAffectedShare)}, ${of(peakAffected)}; ${of(peakWithStuckVolume)} had a stuck volume, foretold ${percentOr(zone.predictedPeakShare)}`,
  ]);
  const [overall] = zone.periods;
  if (overall !== undefined && overall.availability !== null) {
    const { availability, ok, offered, latency } = overall;
    const p50 = milliseconds(latency.p50Ms, latency.p50AtLeast);
    const p99 = milliseconds(latency.p99Ms, latency.p99AtLeast);
    rows.push([
      `${zone.zone}: transactions in time`,
      `${percent(availability)}, ${integer(ok)} of ${integer(offered)}; p50 ${p50}, p99 ${p99}`,
    ]);
  }
  return rows;
}

function commitRows({ acknowledged, verified, lost, unverified, problems }: Result['databases']['commits']): Row[] {
  return [
    [
      'commits',
      `${count(acknowledged, 'commit')} acknowledged: ${integer(verified)} verified, ${lost} lost, ${unverified} unverified`,
    ],
    ...problems.slice(0, NAMED_MAX).map(({ database, copy, kind, detail }): Row => {
      return [kind, `${database}${copy === null ? '' : `, by its ${copy}`}: ${detail}`];
    }),
  ];
}
