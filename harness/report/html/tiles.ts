import { notVerifiedOf } from '../../check/not-verified.ts';
import { misreadsIn } from '../../measure/misreads.ts';
import { applicationLabel } from '../application-label.ts';
import { count, integer, number, percentOr, seconds } from '../numbers.ts';
import type { Result } from '../result-schema.ts';
import { escapeHtml } from './escape.ts';

/** A key number: what it is, its value, and one line that says against what to hold it. */
export interface Tile {
  readonly label: string;
  readonly value: string;
  readonly note: string;
}

export function tilesOf(result: Result): readonly Tile[] {
  const { storm, loss, search, ledger } = result;
  return [
    {
      label: 'Stuck 10 s after the trigger',
      value: percentOr(storm.stuckShareAt10s),
      note:
        storm.stuckShareAt10s === null
          ? (storm.stuckShareAt10sReason ?? '')
          : `(D − F) / V is ${percentOr(storm.predictedStuckShare)}`,
    },
    {
      label: 'Storm',
      value: storm.stormSeconds === null ? lowerBound(storm.stormAtLeastSeconds) : seconds(storm.stormSeconds),
      note: storm.stormSecondsReason ?? 'until under 1 % are stuck',
    },
    {
      label: 'Mirrored again',
      value: storm.mirroredSeconds === null ? lowerBound(storm.mirroredAtLeastSeconds) : seconds(storm.mirroredSeconds),
      note: storm.mirroredSecondsReason ?? 'until every volume has two replicas',
    },
    {
      label: 'Partners lost',
      value: `${loss.volumesLosingPartner} of ${loss.volumes}`,
      note:
        loss.freeSlotsBefore === null
          ? (loss.freeSlotsBeforeReason ?? '')
          : `${count(loss.freeSlotsBefore, 'free slot')} for them`,
    },
    {
      label: 'Search attempts',
      value: integer(search.attempts),
      note:
        search.amplification === null
          ? (search.amplificationReason ?? '')
          : `${number(search.amplification)} for each lost partner`,
    },
    ...result.applications.slice(0, 2).map((application): Tile => {
      const [overall] = application.periods;
      const availability = overall?.availability ?? null;
      return {
        label: `Application, ${applicationLabel(application, result.applications)}`,
        value: percentOr(availability),
        note: overall === undefined ? '' : `of ${count(overall.offered, 'request')} answered in time`,
      };
    }),
    {
      label: 'Acknowledged writes lost',
      value: lostExtents(ledger),
      note:
        notVerifiedOf(ledger)[0] ??
        `${integer(ledger.extentsVerified)} verified, ${integer(ledger.extentsUnverified)} unverified`,
    },
  ];
}

/** 0 only where everything was verified. */
function lostExtents(ledger: Result['ledger']): string {
  const misread = misreadsIn(ledger.misreads);
  const read = misread === 0 ? '' : `, ${count(misread, 'misread')}`;
  if (notVerifiedOf(ledger).length === 0) return `${count(ledger.extentsLost, 'extent')}${read}`;
  return ledger.extentsLost + misread === 0 ? '–' : `≥ ${count(ledger.extentsLost, 'extent')}${read}`;
}

const lowerBound = (atLeast: number | null): string => (atLeast === null ? '–' : `> ${seconds(atLeast)}`);

export const renderTiles = (tiles: readonly Tile[]): string =>
  `<ul class="tiles">${tiles
    .map(
      ({ label, value, note }) =>
        `<li><span class="label">${escapeHtml(label)}</span><span class="value">${escapeHtml(value)}</span><span class="note">${escapeHtml(note)}</span></li>`,
    )
    .join('')}</ul>`;
