import type { Frame } from './frame.ts';
import { Memberships } from './memberships.ts';

/** Lowest and highest sequence number of an extent's sectors (0: never written), and how many fail their checksum. */
export type Found = readonly [low: number, high: number, badSectors: number];

/** An unrecoverable volume got what a snapshot of it had, on other replicas, served from `t` on at the earliest. */
export interface Restoration {
  readonly t: number;
  readonly extents: ReadonlyMap<number, Found>;
}

const NOTHING: Found = [0, 0, 0];

/**
 * Volume -> its last restoration in its place. Only of volumes that were unrecoverable then: the node of each
 * confirmed replica had ended, as itself or the engine tells. What the control plane held for gone excuses no loss.
 */
export function restorationsOf(frame: Frame): ReadonlyMap<string, Restoration> {
  const memberships = new Memberships(frame);
  const ends = [...frame.history.of('exit'), ...frame.history.of('crash')];
  const isDown = (node: string, t: number) => {
    const endedAt = Math.max(...ends.filter((one) => one.source === node && one.t <= t).map((one) => one.t));
    return (
      Number.isFinite(endedAt) &&
      !frame.history.of('ready').some((one) => one.source === node && one.t > endedAt && one.t <= t)
    );
  };
  const wasUnrecoverable = (volume: string, t: number) => {
    // The last change of members is the restoration's own.
    const members = memberships
      .changesOf(volume)
      .filter((change) => change.t <= t)
      .at(-2);
    return members !== undefined && [members.primary, members.mirror].every((node) => node === null || isDown(node, t));
  };
  return new Map(
    frame.history
      .of('snapshot')
      .filter(
        (record) =>
          record.event === 'restored' && record.into === record.volume && wasUnrecoverable(record.volume, record.t),
      )
      .map(({ volume, t, extents }) => {
        return [volume, { t, extents: new Map((extents ?? []).map(([extent, ...found]) => [extent, found])) }];
      }),
  );
}

/**
 * Whether an extent that lacks its highest acknowledged write has been rolled back, and not lost: the write was
 * acknowledged before the restoration, and the extent holds what the snapshot had, or in any part a write that was
 * carried out after it and never acknowledged.
 */
export function isRolledBack(
  restoration: Restoration | null,
  extent: { readonly number: number; readonly acknowledgedAt: number | null; readonly possible: readonly number[] },
  [low, high, bad]: Found,
): boolean {
  const { number, acknowledgedAt, possible } = extent;
  if (restoration === null || acknowledgedAt === null || acknowledgedAt >= restoration.t) return false;
  const [wasLow, wasHigh, wasBad] = restoration.extents.get(number) ?? NOTHING;
  const isKnown = (sequence: number) => [wasLow, wasHigh, ...possible].includes(sequence);
  return bad === wasBad && isKnown(low) && isKnown(high);
}
