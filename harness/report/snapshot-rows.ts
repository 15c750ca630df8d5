import { bytes, count, integer } from './numbers.ts';
import type { Result } from './result-schema.ts';
import type { Row } from './section.ts';

/** What became of snapshots; nothing for a run without any. */
export function snapshotRows({ snapshots, ledger }: Pick<Result, 'snapshots' | 'ledger'>): readonly Row[] {
  const { taken, takenAsPrecaution, takenOfMirrors, bytesTaken, deleted, damaged } = snapshots;
  const { restoredAsNew, restoredInPlace, bytesRestored } = snapshots;
  const rows: Row[] = [];
  if (taken > 0) {
    const own = takenAsPrecaution === 0 ? '' : `, ${integer(takenAsPrecaution)} as a precaution`;
    const mirrors = takenOfMirrors === 0 ? '' : `, ${integer(takenOfMirrors)} of a mirror`;
    rows.push([
      'snapshots',
      `${integer(taken)} taken${own}${mirrors}, ${bytes(bytesTaken)} read; ${integer(deleted)} deleted`,
    ]);
  }
  if (damaged > 0) rows.push(['snapshots refused', `${count(damaged, 'time')}: damaged`]);
  if (restoredAsNew + restoredInPlace.length > 0) {
    const into = `${count(restoredInPlace.length, 'unrecoverable volume')} and ${count(restoredAsNew, 'new one')}`;
    rows.push(['restored from snapshots', `${into}, ${bytes(bytesRestored)}`]);
    rows.push(['given up with that', `${count(ledger.extentsRolledBack, 'extent')} acknowledged after the snapshot`]);
  }
  return rows;
}
