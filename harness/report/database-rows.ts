import { commitRows, transactionRows } from './commit-rows.ts';
import { percentOr } from './numbers.ts';
import type { Result } from './result-schema.ts';
import type { Row } from './section.ts';

/** Single-zone databases: how many are affected, beside what the stuck volumes foretell, and what became of commits. */
export function databaseRows({ zones, commits }: Result['databases']): readonly Row[] {
  return [...zones.flatMap(zoneRows), ...commitRows('commits', commits)];
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
  rows.push(...transactionRows(`${zone.zone}: transactions in time`, zone.periods));
  return rows;
}
