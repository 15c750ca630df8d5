import { z } from 'zod';
import type { Frame } from './frame.ts';

export const recordedSchema = z.strictObject({
  records: z.number().describe('Of all kinds that fit'),
  misfits: z
    .array(
      z.strictObject({
        source: z.string().describe('Container that printed it, or `history.jsonl` where the file itself has it'),
        count: z.number(),
        reason: z.string().describe('What is wrong with the first'),
        example: z.string().describe('How the first begins'),
      }),
    )
    .describe('Lines that claim to be records and are none as their source may write them; left out'),
});
export type Recorded = z.infer<typeof recordedSchema>;

/** What the history itself is worth. */
export function measureRecorded({ history }: Frame): Recorded {
  const misfits = [...history.bySource('misfit')].flatMap(([source, list]) => {
    const last = list.at(-1);
    if (last === undefined) return [];
    const { count, reason, example } = last;
    return [{ source, count, reason, example }];
  });
  return { records: history.size, misfits: misfits.toSorted((a, b) => (a.source < b.source ? -1 : 1)) };
}
