import { z } from 'zod';
import type { Frame } from './frame.ts';

export const readingSchema = z.strictObject({
  disks: z.number().describe('Disks that the reader was to read'),
  disksRead: z.number().describe('Of these, those that it went through to their end'),
  exitCode: z.number().nullable().describe('Of the reader; 128 + the signal for one that was killed'),
  tornLines: z.number().describe('Lines of its output that are no record; what they held is unread'),
  problem: z.string().nullable().describe('Why not everything was read; `null`: everything was'),
});
export type Reading = z.infer<typeof readingSchema>;

/** First version of the records in which the reader's end is told. */
const TOLD_SINCE = 2;
/** Files and disks that are named. */
const NAMED = 3;

/**
 * How the reading of the disks went. `null`: a history from before it was told, or of a run that never came to it.
 */
export function measureReading({ history }: Frame): Reading | null {
  const reader = history.of('reader').at(-1);
  const [start] = history.of('run.start');
  const wasTold = (start?.records ?? 1) >= TOLD_SINCE;
  const hasEnded = history.of('run.end').at(-1)?.outcome === 'completed';
  if (reader === undefined) {
    if (!wasTold || !hasEnded) return null;
    const problem = 'nothing tells how the reader of disks ended';
    return { disks: 0, disksRead: 0, exitCode: null, tornLines: 0, problem };
  }
  const { disks, exitCode, reason, tornLines, example } = reader;
  const gone = new Set(history.of('disk').map(({ path }) => path));
  const unreadDisks = disks.filter((path) => !gone.has(path));
  const unread = history.of('unread');
  const problems = [
    ...(exitCode === 0 ? [] : [howItEnded(exitCode)]),
    ...(reason === null ? [] : [reason]),
    ...(unreadDisks.length === 0
      ? []
      : [`${disks.length - unreadDisks.length} of ${disks.length} disks were read, not ${some(unreadDisks)}`]),
    ...(unread.length === 0 ? [] : [`not read: ${some(unread.map(({ what, why }) => `${what} (${why})`))}`]),
    ...(tornLines === 0 ? [] : [`${tornLines} of its lines are no record, such as ${example ?? ''}`]),
  ];
  return {
    disks: disks.length,
    disksRead: disks.length - unreadDisks.length,
    exitCode,
    tornLines,
    problem: problems.length === 0 ? null : `the reader of disks: ${problems.join('; ')}`,
  };
}

function howItEnded(exitCode: number | null): string {
  if (exitCode === null) return 'it has no exit code';
  return exitCode > 128 ? `it was killed (exit code ${exitCode})` : `exit code ${exitCode}`;
}

const some = (names: readonly string[]): string =>
  names.length <= NAMED ? names.join(', ') : `${names.slice(0, NAMED).join(', ')} and ${names.length - NAMED} more`;
