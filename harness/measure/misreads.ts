import { z } from 'zod';
import { atSeconds, type Frame } from './frame.ts';
import { restorationsOf } from './restorations.ts';

/** How many are listed by name; the counts are always complete. */
const LISTED = 5;

export const misreadsSchema = z.strictObject({
  reads: z.number().describe('Block reads that returned what was overwritten, torn, or never sent'),
  answers: z.number().describe('Answers of applications that were none of the values their client had sent last'),
  rolledBack: z
    .number()
    .describe('Of either: after a restoration from a snapshot, which gave newer writes up; not counted above'),
  first: z.array(z.strictObject({ of: z.string(), atSeconds: z.number() })).describe(`The first ${LISTED} counted`),
});
export type Misreads = z.infer<typeof misreadsSchema>;

/** What `volume-load.ts` and `app-client.ts` call an answer that cannot be right: each knows all that it has sent. */
const READ = 'corrupt';
const ANSWER = 'wrong answer';

/** Of older results nobody knows. */
export const misreadsIn = (misreads: Misreads | undefined): number =>
  misreads === undefined ? 0 : misreads.reads + misreads.answers;

interface Misread {
  readonly of: string;
  readonly endedT: number;
  readonly isRolledBack: boolean;
}

/**
 * Wrong answers that clients got while the run went on. The disks may be right at the end all the same: a read of a
 * replica that was left behind is wrong, and is repaired by the next write.
 */
export function measureMisreads(frame: Frame): Misreads {
  const reads = misreadsOfVolumes(frame);
  const answers = misreadsOfApplications(frame);
  const counted = (list: readonly Misread[]) => list.filter(({ isRolledBack }) => !isRolledBack);
  const all = [...reads, ...answers];
  const wrong = counted(all).toSorted((a, b) => a.endedT - b.endedT);
  return {
    reads: counted(reads).length,
    answers: counted(answers).length,
    rolledBack: all.length - wrong.length,
    first: wrong.slice(0, LISTED).map(({ of, endedT }) => ({ of, atSeconds: atSeconds(frame, endedT) })),
  };
}

function misreadsOfVolumes(frame: Frame): readonly Misread[] {
  const restorations = restorationsOf(frame);
  return frame.history.of('io').flatMap(({ ops }) =>
    ops
      .filter(([, op, , , outcome, reason]) => op === 'read' && outcome === 'failed' && reason === READ)
      .map(([volume, , , endedT]): Misread => {
        const restoredT = restorations.get(volume)?.t ?? Number.POSITIVE_INFINITY;
        return { of: volume, endedT, isRolledBack: endedT >= restoredT };
      }),
  );
}

/** A request does not say which of its zone's volumes its record is on. */
function misreadsOfApplications(frame: Frame): readonly Misread[] {
  const restorations = restorationsOf(frame);
  const restoredT = (zone: string): number => {
    const own = frame.plan.volumes.filter((volume) => volume.zone === zone);
    return Math.min(...own.map(({ id }) => restorations.get(id)?.t ?? Number.POSITIVE_INFINITY));
  };
  return frame.history
    .of('request')
    .filter(({ outcome, reason, ended }) => outcome === 'failed' && reason === ANSWER && ended !== null)
    .map(({ app, zone, ended }): Misread => {
      const endedT = ended ?? 0;
      return { of: app, endedT, isRolledBack: endedT >= restoredT(zone) };
    });
}
