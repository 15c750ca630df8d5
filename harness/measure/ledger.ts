import { z } from 'zod';
import type { LedgerRecord, MembershipRecord, ReplicaRecord } from '../history/records.ts';
import type { Frame } from './frame.ts';
import { measureMisreads, misreadsSchema } from './misreads.ts';
import { outagesOf } from './outages.ts';
import { measureReading, readingSchema } from './reading.ts';
import { type Found, isRolledBack, type Restoration, restorationsOf } from './restorations.ts';

/** How many losses are listed by name; the counts are always complete. */
const LISTED = 20;

const problemSchema = z.strictObject({
  volume: z.string(),
  node: z.string().nullable(),
  extent: z.number().nullable(),
  kind: z.enum(['lost', 'torn', 'corrupt', 'unexpected', 'unverified', 'rolled-back']),
  detail: z.string(),
});
export type LedgerProblem = z.infer<typeof problemSchema>;

export const ledgerSchema = z.strictObject({
  acknowledgedWrites: z.number().describe('Writes acknowledged to the instances, all zones'),
  extentsAcknowledged: z
    .number()
    .describe('Extents that hold an acknowledged write: verified + salvageable + rolled back + lost + unverified'),
  extentsVerified: z.number().describe('Right on every confirmed replica of the highest epoch'),
  extentsSalvageable: z
    .number()
    .describe('Right, but on disks of crashed nodes only: nobody serves them until those disks are read'),
  extentsRolledBack: z
    .number()
    .describe(
      'On volumes that were unrecoverable and restored from a snapshot: acknowledged after it, and given up with the restoration',
    ),
  extentsLost: z.number().describe('Wrong on at least one of them: lost, torn, corrupt or unexpected'),
  extentsUnverified: z.number().describe('Could not be read on at least one of them: never counted as right'),
  volumesWithoutLedger: z.number().describe('Volumes with I/O, or of a writer that began, without a ledger'),
  writesForgotten: z
    .number()
    .optional()
    .describe('Writes that were told as acknowledged when they ended, and that no ledger has'),
  misreads: misreadsSchema.optional().describe('What clients read that cannot be right'),
  reading: readingSchema.nullish().describe('How the disks were read; `null`: older histories do not tell'),
  reason: z.string().nullable().describe('Why nothing could be verified at all'),
  problems: z.array(problemSchema).describe(`The first ${LISTED}, losses before what was rolled back or is unverified`),
});
export type Ledger = z.infer<typeof ledgerSchema>;

/**
 * Compares what was acknowledged with what is on disk after the measurement, for every confirmed replica of each
 * volume's highest epoch. Several writers cannot share a volume: of two ledgers the later counts.
 *
 * A volume whose confirmed replicas were all on crashed nodes may have been restored from a snapshot. What was
 * acknowledged between the two is lost with those nodes, which is the one loss that is allowed: an extent is rolled
 * back, and not lost, when it was acknowledged before the restoration and holds what the snapshot had.
 */
export function measureLedger(frame: Frame): Ledger {
  const ledgers = new Map(frame.history.of('ledger').map((record) => [record.volume, record]));
  const memberships = Map.groupBy(frame.history.of('membership'), (record) => record.volume);
  const replicas = Map.groupBy(frame.history.of('replica'), (record) => record.volume);
  const problems: LedgerProblem[] = [];
  const restorations = restorationsOf(frame);
  const counts = { verified: 0, salvageable: 0, rolledBack: 0, lost: 0, unverified: 0 };
  const crashed = new Set(outagesOf(frame).flatMap(({ node, endT }) => (Number.isFinite(endT) ? [] : [node])));
  const hasNotServed = neverServed(frame, crashed);
  const told = toldAsAcknowledged(frame);
  const written = new Set([...told.keys(), ...volumesOfWriters(frame)]);
  for (const ledger of ledgers.values()) {
    const membership = highestEpoch(memberships.get(ledger.volume) ?? []);
    const views = membership === undefined ? [] : viewsOf(membership, replicas.get(ledger.volume) ?? [], hasNotServed);
    const isWhole = forgottenBy(ledger, told) === 0;
    const found = verifyVolume(ledger, views, { isWhole, restoration: restorations.get(ledger.volume) ?? null });
    const isQuarantined = views.every(({ node }) => crashed.has(node));
    counts[isQuarantined ? 'salvageable' : 'verified'] += found.verified;
    counts.rolledBack += found.rolledBack;
    counts.lost += found.lost;
    counts.unverified += found.unverified;
    problems.push(...found.problems);
  }
  const isLoss = ({ kind }: LedgerProblem) => kind !== 'unverified' && kind !== 'rolled-back';
  return {
    acknowledgedWrites: ledgers.values().reduce((sum, ledger) => sum + ledger.acknowledged, 0),
    extentsAcknowledged: Object.values(counts).reduce((sum, count) => sum + count, 0),
    extentsVerified: counts.verified,
    extentsSalvageable: counts.salvageable,
    extentsRolledBack: counts.rolledBack,
    extentsLost: counts.lost,
    extentsUnverified: counts.unverified,
    volumesWithoutLedger: [...written].filter((volume) => !ledgers.has(volume)).length,
    writesForgotten: ledgers.values().reduce((sum, ledger) => sum + forgottenBy(ledger, told), 0),
    misreads: measureMisreads(frame),
    reading: measureReading(frame),
    reason: whyNothing(ledgers.size, memberships.size, replicas.size),
    problems: [...problems.filter(isLoss), ...problems.filter((problem) => !isLoss(problem))].slice(0, LISTED),
  };
}

function whyNothing(ledgers: number, memberships: number, replicas: number): string | null {
  if (ledgers === 0) return 'no writer printed a ledger';
  if (memberships === 0) return 'the control plane’s store was not read';
  return replicas === 0 ? 'no replica was read from disk' : null;
}

/** Volume with I/O -> writes that were told as acknowledged when they ended. */
function toldAsAcknowledged({ history }: Frame): ReadonlyMap<string, number> {
  const told = new Map<string, number>();
  for (const { ops } of history.of('io')) {
    for (const [volume, op, , , outcome] of ops) {
      told.set(volume, (told.get(volume) ?? 0) + (op === 'write' && outcome === 'ok' ? 1 : 0));
    }
  }
  return told;
}

/** A writer that was started again and began a new ledger has fewer than were told. */
const forgottenBy = ({ volume, acknowledged }: LedgerRecord, told: ReadonlyMap<string, number>): number =>
  Math.max(0, (told.get(volume) ?? 0) - acknowledged);

/** Volumes of every writer that was ready, whether anything was told of them or not. */
function volumesOfWriters({ plan, history }: Frame): readonly string[] {
  const ready = new Set(history.of('ready').map(({ source }) => source));
  const zones = plan.containers.filter(({ id, role }) => role === 'instances' && ready.has(id)).map(({ zone }) => zone);
  return plan.volumes.filter(({ zone }) => zones.includes(zone)).map(({ id }) => id);
}

/**
 * Whether the store's newest primary of a volume has served nothing in the store's epoch: it crashed, or the store tells
 * of its election and it never told that it has taken over. It was stopped, or crashed, a moment before it could write
 * that down, which it does before it serves.
 */
function neverServed(
  { history }: Frame,
  crashed: ReadonlySet<string>,
): (node: string, volume: string, epoch: number) => boolean {
  const elections = history.of('election').filter(({ event }) => event === 'elected' || event === 'promoted');
  const elected = new Set(elections.map(({ volume, epoch, primary }) => `${primary} ${volume} ${epoch}`));
  const told = new Set(history.of('volume').map(({ source, volume, epoch }) => `${source} ${volume} ${epoch}`));
  return (node, volume, epoch) => {
    const key = `${node} ${volume} ${epoch}`;
    return crashed.has(node) || (elected.has(key) && !told.has(key));
  };
}

function highestEpoch(records: readonly MembershipRecord[]): MembershipRecord | undefined {
  return records.toSorted((a, b) => a.epoch - b.epoch).at(-1);
}

/** One confirmed member: its replica as read, or why there is none to trust. */
interface View {
  readonly node: string;
  readonly replica: ReplicaRecord | null;
  readonly why: string;
}

function viewsOf(
  membership: MembershipRecord,
  replicas: readonly ReplicaRecord[],
  hasNotServed: ReturnType<typeof neverServed>,
): readonly View[] {
  const members = [membership.primary, ...(membership.mirror === null ? [] : [membership.mirror])];
  return members.map((node) => {
    const own = replicas.filter((replica) => replica.node === node);
    // A replica of another epoch is one that was left behind, or one the store knows nothing of. But a primary may have
    // been elected a moment before it ended, and have served nothing under the new epoch.
    const isInTime = (epoch: number) =>
      epoch === membership.epoch ||
      (epoch === membership.epoch - 1 &&
        node === membership.primary &&
        hasNotServed(node, membership.volume, membership.epoch));
    const replica = own.find((candidate) => isInTime(candidate.epoch)) ?? null;
    const epochs = own.map((candidate) => candidate.epoch).join(', ');
    const why = own.length === 0 ? 'no replica read' : `replica of epoch ${epochs}, the store has ${membership.epoch}`;
    return { node, replica, why };
  });
}

interface VolumeFinding {
  readonly verified: number;
  readonly rolledBack: number;
  readonly lost: number;
  readonly unverified: number;
  readonly problems: readonly LedgerProblem[];
}

/** `isWhole`: the ledger has every write that was acknowledged; otherwise numbers may be of those it has forgotten. */
function verifyVolume(
  ledger: LedgerRecord,
  views: readonly View[],
  { isWhole, restoration }: { readonly isWhole: boolean; readonly restoration: Restoration | null },
): VolumeFinding {
  const { volume } = ledger;
  const problems: LedgerProblem[] = [];
  const readable: { readonly node: string; readonly extents: ReadonlyMap<number, Found> }[] = [];
  for (const { node, replica, why } of views) {
    if (replica !== null && replica.extentBytes === ledger.extentBytes) {
      readable.push({ node, extents: new Map(replica.extents.map(([extent, ...found]) => [extent, found])) });
    } else {
      const detail = replica === null ? why : `read in extents of ${replica.extentBytes}, not ${ledger.extentBytes}`;
      problems.push({ volume, node, extent: null, kind: 'unverified', detail });
    }
  }
  if (views.length === 0) {
    problems.push({ volume, node: null, extent: null, kind: 'unverified', detail: 'no membership in the store' });
  }
  const isReadable = problems.length === 0;
  const counts = { verified: 0, rolledBack: 0, lost: 0, unverified: 0 };
  for (const { extent, acknowledged, possible, acknowledgedAt } of extentsOf(ledger, readable)) {
    const wrong: LedgerProblem[] = [];
    const rolledBack: LedgerProblem[] = [];
    const unknown: LedgerProblem[] = [];
    for (const { node, extents } of readable) {
      const found = extents.get(extent) ?? [0, 0, 0];
      const fault = judgeExtent(acknowledged, possible, found);
      if (fault === null) continue;
      const problem = { volume, node, extent, ...fault };
      if (isRolledBack(restoration, { number: extent, acknowledgedAt, possible }, found)) {
        rolledBack.push({ ...problem, kind: 'rolled-back' });
      } else if (fault.kind === 'unexpected' && !isWhole) {
        const detail = `${fault.detail}, and its writer has forgotten what it sent before`;
        unknown.push({ ...problem, kind: 'unverified', detail });
      } else {
        wrong.push(problem);
      }
    }
    problems.push(...rolledBack, ...wrong, ...unknown);
    // What never was acknowledged may be missing, but must not be something that was never written.
    if (wrong.length > 0) counts.lost += 1;
    else if (acknowledged === 0) continue;
    else if (rolledBack.length > 0) counts.rolledBack += 1;
    else if (isReadable && unknown.length === 0) counts.verified += 1;
    else counts.unverified += 1;
  }
  return { ...counts, problems };
}

/** What may be in an extent. */
interface Expected {
  readonly extent: number;
  readonly acknowledged: number;
  readonly possible: readonly number[];
  readonly acknowledgedAt: number | null;
}

/** Those of the ledger, and those of a replica that nobody has sent a write to, or none that may be there. */
function extentsOf(
  ledger: LedgerRecord,
  readable: readonly { readonly extents: ReadonlyMap<number, Found> }[],
): readonly Expected[] {
  const sent = ledger.extents.map(([extent, acknowledged, ...possible], index): Expected => {
    return { extent, acknowledged, possible, acknowledgedAt: ledger.acknowledgedAt?.[index] ?? null };
  });
  const known = new Set(sent.map(({ extent }) => extent));
  const found = new Set(readable.flatMap(({ extents }) => [...extents.keys()].filter((extent) => !known.has(extent))));
  const unsent = [...found].map((extent): Expected => {
    return { extent, acknowledged: 0, possible: [], acknowledgedAt: null };
  });
  return [...sent, ...unsent];
}

/**
 * Right is the highest acknowledged number or one that was sent later and never acknowledged, in any mixture: an
 * unacknowledged write may have reached some of its sectors only.
 */
function judgeExtent(
  acknowledged: number,
  possible: readonly number[],
  [low, high, badSectors]: Found,
): Pick<LedgerProblem, 'kind' | 'detail'> | null {
  const found = low === high ? `${low}` : `${low}…${high}`;
  const later = possible.filter((sequence) => sequence > acknowledged);
  const wanted = later.length === 0 ? `${acknowledged}` : `${acknowledged} or ${later.join(', ')}`;
  const detail = `expected ${wanted}, found ${found}`;
  if (badSectors > 0) return { kind: 'corrupt', detail: `${badSectors} sectors with a wrong checksum` };
  if (low < acknowledged) return { kind: high >= acknowledged ? 'torn' : 'lost', detail };
  const isPossible = (sequence: number) => sequence === acknowledged || later.includes(sequence);
  return isPossible(low) && isPossible(high) ? null : { kind: 'unexpected', detail };
}
